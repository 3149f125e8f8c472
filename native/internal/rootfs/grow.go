package rootfs

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Of ext4's superblock (kernel documentation, filesystems/ext4, "The Super Block").
const (
	superblockOffset = 1024
	superblockSize   = 1024
	blocksLow        = 0x4
	logBlockSize     = 0x18 // the block size is 1 KiB, shifted left by this
	magicOffset      = 0x38
	incompatible     = 0x60
	blocksHigh       = 0x150
	magic            = 0xef53
	wide             = 0x80 // the number of blocks has 64 bits
)

// resizeFS is EXT4_IOC_RESIZE_FS: the kernel grows the mounted file system to that many blocks.
const resizeFS = 0x40086610

// grow makes the ext4 file system of a block device, which is mounted at point, at least size bytes
// large. That of most boxes is, which is found by one read.
func grow(device, point string, size uint64) error {
	if size == 0 {
		return nil
	}
	have, blockSize, err := extent(device)
	if err != nil {
		return err
	}
	blocks := size / blockSize
	if blocks <= have {
		return nil
	}
	dir, err := os.Open(point)
	if err != nil {
		return err
	}
	defer dir.Close()
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, dir.Fd(), resizeFS, uintptr(unsafe.Pointer(&blocks)))
	runtime.KeepAlive(&blocks)
	if errno != 0 {
		return fmt.Errorf("from %d to %d blocks: %w", have, blocks, os.NewSyscallError("EXT4_IOC_RESIZE_FS", errno))
	}
	return nil
}

// extent returns how many blocks of how many bytes an ext4 file system has.
func extent(device string) (blocks, blockSize uint64, err error) {
	f, err := os.Open(device)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	b := make([]byte, superblockSize)
	if _, err := f.ReadAt(b, superblockOffset); err != nil {
		return 0, 0, err
	}
	return parseExtent(b)
}

// parseExtent reads a superblock.
func parseExtent(b []byte) (blocks, blockSize uint64, err error) {
	shift := binary.LittleEndian.Uint32(b[logBlockSize:])
	if binary.LittleEndian.Uint16(b[magicOffset:]) != magic || shift > 6 {
		return 0, 0, fmt.Errorf("not an ext4 file system")
	}
	blocks = uint64(binary.LittleEndian.Uint32(b[blocksLow:]))
	if binary.LittleEndian.Uint32(b[incompatible:])&wide != 0 {
		blocks |= uint64(binary.LittleEndian.Uint32(b[blocksHigh:])) << 32
	}
	return blocks, 1024 << shift, nil
}
