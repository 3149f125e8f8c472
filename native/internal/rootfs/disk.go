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
	driver     = "/sys/bus/virtio/drivers/virtio_blk"
	sectorSize = 512
)

// ErrNoDisk is returned when a slot holds no disk.
var ErrNoDisk = errors.New("disk not found")

// disk is a virtio-blk device that has its driver.
type disk struct {
	virtio string // name on the virtio bus
	block  string // name of the block device
	size   uint64 // in bytes
}

// attach gives the device at that PCI address its driver, which reads the disk's size only then: a
// VM is restored with empty disks, whose place the box's take. The block device and its file are
// there when it returns.
func attach(address string) (*disk, error) {
	virtio, err := only(filepath.Join(devices, address), "virtio")
	if err != nil {
		return nil, fmt.Errorf("%w: no virtio device at PCI address %s", ErrNoDisk, address)
	}
	if err := write(driver+"/bind", virtio); err != nil {
		return nil, fmt.Errorf("disk at PCI address %s: %w", address, err)
	}
	d := &disk{virtio: virtio}
	if err := d.identify(filepath.Join(devices, address, virtio, "block")); err != nil {
		return nil, errors.Join(fmt.Errorf("disk at PCI address %s: %w", address, err), d.detach())
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

// RehearseDisks gives both disks their driver and takes it away again, whatever is in them.
func RehearseDisks() (err error) {
	for _, address := range []string{layersAddress, boxAddress} {
		d, attachErr := attach(address)
		if attachErr == nil {
			attachErr = d.detach()
		}
		err = errors.Join(err, attachErr)
	}
	return err
}

// detach takes the driver, and with it the block device and its parts, away.
func (d *disk) detach() error { return write(driver+"/unbind", d.virtio) }

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
		if err := addPartition(f, i+1, part); err != nil {
			return fmt.Errorf("layer %d: %d bytes at %d of the disk: %w", i, part.Length, part.Offset, err)
		}
	}
	return nil
}

// addPartition tells the kernel of a partition, without a table on the disk.
func addPartition(f *os.File, number int, part Extent) error {
	// struct blkpg_partition
	partition := struct {
		start, length int64
		number        int32
		_             [2][64]byte // names, not used
	}{start: int64(part.Offset), length: int64(part.Length), number: int32(number)}
	// struct blkpg_ioctl_arg
	argument := struct {
		operation, flags, size int32
		data                   unsafe.Pointer
	}{operation: unix.BLKPG_ADD_PARTITION, size: int32(unsafe.Sizeof(partition)), data: unsafe.Pointer(&partition)}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), unix.BLKPG, uintptr(unsafe.Pointer(&argument)))
	runtime.KeepAlive(&partition)
	if errno != 0 {
		return os.NewSyscallError("BLKPG_ADD_PARTITION", errno)
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

func write(file, value string) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(value)
	return err
}
