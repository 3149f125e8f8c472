package rootfs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// diskDeadline is how long disks may take to appear: they were attached before the VM runs, but
// the kernel looks for them in the background.
const diskDeadline = 20 * time.Second

// Mounted is the root file system of the box, mounted in the VM.
type Mounted struct {
	base   string
	points []string // in the order of mounting
}

// Mount mounts layers (SCSI targets, lowest first) and over them the box's own disk, at
// base/rootfs. On failure nothing stays mounted.
func Mount(ctx context.Context, base string, layers []uint32, writable uint32) (_ *Mounted, err error) {
	m := &Mounted{base: base}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Unmount())
		}
	}()
	targets := append(slices.Clone(layers), writable)
	slices.Sort(targets)
	if n := len(targets); len(slices.Compact(targets)) != n {
		return nil, errors.New("a disk is named twice")
	}
	ctx, cancel := context.WithTimeout(ctx, diskDeadline)
	defer cancel()
	devices, err := waitDisks(ctx, targets)
	if err != nil {
		return nil, err
	}
	lower := make([]string, len(layers))
	for i, target := range layers {
		// Short names: all of them have to fit into one page of mount options.
		point := filepath.Join(base, strconv.Itoa(i))
		if err := m.mount(devices[target], point, "erofs", unix.MS_RDONLY, ""); err != nil {
			return nil, err
		}
		lower[len(layers)-1-i] = point // overlayfs wants the highest first
	}
	disk := filepath.Join(base, "disk")
	if err := m.mount(devices[writable], disk, "ext4", unix.MS_NOATIME, "discard"); err != nil {
		return nil, err
	}
	upper, work := filepath.Join(disk, "upper"), filepath.Join(disk, "work")
	for _, dir := range []string{upper, work} {
		if err := os.Mkdir(dir, 0o755); err != nil && !os.IsExist(err) {
			return nil, err
		}
	}
	options := "lowerdir=" + strings.Join(lower, ":") + ",upperdir=" + upper + ",workdir=" + work
	return m, m.mount("overlay", m.Root(), "overlay", unix.MS_NOATIME, options)
}

// Root is where the root file system is mounted.
func (m *Mounted) Root() string { return filepath.Join(m.base, "rootfs") }

func (m *Mounted) mount(source, point, fstype string, flags uintptr, options string) error {
	if err := os.MkdirAll(point, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(source, point, fstype, flags, options); err != nil {
		return fmt.Errorf("mount %s (%s): %w", source, fstype, err)
	}
	m.points = append(m.points, point)
	return nil
}

// Unmount unmounts everything. What cannot be unmounted is made read-only, so that it is clean
// after the sync that follows.
func (m *Mounted) Unmount() error {
	var result error
	for _, point := range slices.Backward(m.points) {
		if err := unix.Unmount(point, 0); err != nil {
			result = errors.Join(result, fmt.Errorf("unmount %s: %w", point, err),
				unix.Mount("", point, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
		}
	}
	m.points = nil
	return result
}
