// Package rootfs drives the box's disks and mounts its root file system of them.
package rootfs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The PCI addresses of the two disks that every VM has.
const (
	layersAddress = "0000:00:10.0"
	boxAddress    = "0000:00:11.0"
)

const (
	devices    = "/sys/bus/pci/devices"
	sectorSize = 512
)

// ErrNoDisk is returned when a slot is not there.
var ErrNoDisk = errors.New("disk not found")

// disk is a virtio-blk device. It got its driver when the VM booted, with an empty disk in it that is
// larger than any other: the one that takes its place need not be looked at.
type disk struct {
	block string // name of the block device
	size  uint64 // in bytes, of the empty disk
	parts int    // how many have been made
}

// Disks are those that every VM has.
type Disks struct {
	layers, box *disk
}

// Find returns the VM's disks. What is in them may change until they are mounted.
func Find() (*Disks, error) {
	layers, err := find(layersAddress)
	if err != nil {
		return nil, err
	}
	box, err := find(boxAddress)
	return &Disks{layers, box}, err
}

// find returns the disk at that PCI address.
func find(address string) (*disk, error) {
	virtio, err := only(filepath.Join(devices, address), "virtio")
	if err != nil {
		return nil, fmt.Errorf("%w: no virtio device at PCI address %s", ErrNoDisk, address)
	}
	d := &disk{}
	if err := d.identify(filepath.Join(devices, address, virtio, "block")); err != nil {
		return nil, fmt.Errorf("disk at PCI address %s: %w", address, err)
	}
	return d, nil
}

func (d *disk) identify(blocks string) (err error) {
	if d.block, err = only(blocks, ""); err != nil {
		return err
	}
	b, err := os.ReadFile(filepath.Join(blocks, d.block, "size"))
	if err != nil {
		return err
	}
	sectors, err := strconv.ParseUint(string(b[:len(b)-1]), 10, 64)
	d.size = sectors * sectorSize
	return err
}

// file is the block device, or with a number from 1 that part of it.
func (d *disk) file(part int) string {
	if part == 0 {
		return "/dev/" + d.block
	}
	return "/dev/" + d.block + strconv.Itoa(part)
}

// Extent is a part of a disk, in bytes.
type Extent struct{ Offset, Length uint64 }

// divide makes block devices of parts of the disk, numbered from 1 in their order.
func (d *disk) divide(parts []Extent) error {
	f, err := os.Open(d.file(0))
	if err != nil {
		return err
	}
	defer f.Close()
	for i, part := range parts {
		if part.Length > d.size || part.Offset > d.size-part.Length {
			return fmt.Errorf("layer %d: %d bytes at %d are not within the disk of %d bytes", i, part.Length, part.Offset, d.size)
		}
		if err := partition(f, unix.BLKPG_ADD_PARTITION, i+1, part); err != nil {
			return fmt.Errorf("layer %d: %d bytes at %d of the disk: %w", i, part.Length, part.Offset, err)
		}
		d.parts++
	}
	return nil
}

// undivide removes the parts again.
func (d *disk) undivide() error {
	if d.parts == 0 {
		return nil
	}
	f, err := os.Open(d.file(0))
	if err != nil {
		return err
	}
	defer f.Close()
	for ; d.parts > 0; d.parts-- {
		if err := partition(f, unix.BLKPG_DEL_PARTITION, d.parts, Extent{}); err != nil {
			return fmt.Errorf("part %d of %s: %w", d.parts, d.block, err)
		}
	}
	return nil
}

// partition tells the kernel of a partition, or that there is none any more, without a table on the
// disk.
func partition(f *os.File, operation int32, number int, part Extent) error {
	// struct blkpg_partition
	where := struct {
		start, length int64
		number        int32
		_             [2][64]byte // names, not used
	}{start: int64(part.Offset), length: int64(part.Length), number: int32(number)}
	// struct blkpg_ioctl_arg
	argument := struct {
		operation, flags, size int32
		data                   unsafe.Pointer
	}{operation: operation, size: int32(unsafe.Sizeof(where)), data: unsafe.Pointer(&where)}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), unix.BLKPG, uintptr(unsafe.Pointer(&argument)))
	runtime.KeepAlive(&where)
	if errno != 0 {
		return os.NewSyscallError("BLKPG", errno)
	}
	return nil
}

// only returns the name of the one entry of a directory that begins with prefix.
func only(dir, prefix string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if len(e.Name()) > len(prefix) && e.Name()[:len(prefix)] == prefix {
			return e.Name(), nil
		}
	}
	return "", os.ErrNotExist
}
