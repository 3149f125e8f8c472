package rootfs

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Mounted is the root file system of the box, mounted in the VM.
type Mounted struct {
	base   string
	upper  string   // what has been changed of the layers
	points []string // in the order of mounting
	layers *disk
}

// Mount mounts the layers (parts of the one disk, lowest first) and over them the box's own disk,
// at base/rootfs. The box's file system is grown to diskSize bytes, unless it has as many; 0 leaves it as
// it is. On failure nothing stays mounted.
func (d *Disks) Mount(base string, layers []Extent, diskSize uint64) (_ *Mounted, err error) {
	m := &Mounted{base: base, layers: d.layers}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Unmount(), m.layers.undivide())
		}
	}()
	if err := m.layers.divide(layers); err != nil {
		return nil, err
	}
	lower := make([]string, len(layers))
	for i := range layers {
		// Short names: all of them have to fit into one page of mount options.
		point := filepath.Join(base, strconv.Itoa(i))
		if err := m.mount(m.layers.file(i+1), point, "erofs", unix.MS_RDONLY, ""); err != nil {
			return nil, fmt.Errorf("layer %d: %w", i, err)
		}
		lower[len(layers)-1-i] = point // overlayfs wants the highest first
	}
	writable := filepath.Join(base, "disk")
	// The host's file is sparse: what was never written is zero, nobody has to write that.
	if err := m.mount(d.box.file(0), writable, "ext4", unix.MS_NOATIME, "discard,noinit_itable"); err != nil {
		return nil, err
	}
	if err := grow(d.box.file(0), writable, diskSize); err != nil {
		return nil, fmt.Errorf("grow the file system of the box: %w", err)
	}
	return m, m.overlay(lower, writable)
}

// overlay mounts the directories lower, highest first, and over them one in writable.
func (m *Mounted) overlay(lower []string, writable string) error {
	m.upper = filepath.Join(writable, "upper")
	upper, work := m.upper, filepath.Join(writable, "work")
	for _, dir := range []string{upper, work} {
		if err := os.Mkdir(dir, 0o755); err != nil && !os.IsExist(err) {
			return err
		}
	}
	// The kernel makes a directory in it when it mounts; without one this is the box's first start.
	if _, err := os.Lstat(filepath.Join(work, "work")); os.IsNotExist(err) {
		if err := copyRoot(lower, upper); err != nil {
			return err
		}
	}
	// Whatever the kernel's defaults are: what is changed is in the upper directory whole, and where it
	// appears. An export relies on that.
	options := "lowerdir=" + strings.Join(lower, ":") + ",upperdir=" + upper + ",workdir=" + work +
		",redirect_dir=off,metacopy=off"
	return m.mount("overlay", m.Root(), "overlay", unix.MS_NOATIME, options)
}

// copyRoot gives the box's root directory the owner, mode and time of the image's: that of the
// highest layer whose archive mentions it. The host gives one that is not mentioned the time 0.
func copyRoot(lower []string, upper string) error {
	for _, dir := range lower {
		var stat unix.Stat_t
		if err := unix.Lstat(dir, &stat); err != nil {
			return fmt.Errorf("stat %s: %w", dir, err)
		}
		if stat.Mtim == (unix.Timespec{}) {
			continue
		}
		if err := os.Chown(upper, int(stat.Uid), int(stat.Gid)); err != nil {
			return err
		}
		if err := unix.Chmod(upper, stat.Mode&0o7777); err != nil {
			return fmt.Errorf("chmod %s: %w", upper, err)
		}
		times := []unix.Timespec{stat.Mtim, stat.Mtim}
		if err := unix.UtimesNanoAt(unix.AT_FDCWD, upper, times, 0); err != nil {
			return fmt.Errorf("set times of %s: %w", upper, err)
		}
		return nil
	}
	return nil
}

// Root is where the root file system is mounted.
func (m *Mounted) Root() string { return filepath.Join(m.base, "rootfs") }

// Upper is the directory, of overlayfs, with what has been changed of the layers.
func (m *Mounted) Upper() string { return m.upper }

// Sync writes to the disk what has been changed.
func (m *Mounted) Sync() error {
	f, err := os.Open(m.upper)
	if err != nil {
		return err
	}
	defer f.Close()
	return os.NewSyscallError("syncfs", unix.Syncfs(int(f.Fd())))
}

// The requests of linux/fs.h that x/sys/unix does not have.
const (
	ioctlFreeze = 0xc0045877 // FIFREEZE
	ioctlThaw   = 0xc0045878 // FITHAW
)

// Freeze brings all that was written to the disk, and lets nobody write until thaw is called.
func (m *Mounted) Freeze() (thaw func(), err error) {
	f, err := os.Open(m.upper)
	if err != nil {
		return nil, err
	}
	if err := unix.IoctlSetInt(int(f.Fd()), ioctlFreeze, 0); err != nil {
		f.Close()
		return nil, os.NewSyscallError("FIFREEZE", err)
	}
	return func() {
		if err := unix.IoctlSetInt(int(f.Fd()), ioctlThaw, 0); err != nil {
			log.Print("FITHAW: ", err)
		}
		f.Close()
	}, nil
}

// ReadFiles reads what is at the top of the root file system, as a start of a program would.
func (m *Mounted) ReadFiles() error {
	entries, err := os.ReadDir(m.Root())
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Type().IsRegular() {
			if _, err := os.ReadFile(filepath.Join(m.Root(), entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// AddFile mounts a file of the VM at a path of the root file system.
func (m *Mounted) AddFile(source, path string) error {
	target := filepath.Join(m.Root(), path)
	if err := os.WriteFile(target, nil, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(source, target, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount %s: %w", target, err)
	}
	m.points = append(m.points, target)
	return nil
}

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

// Remove unmounts everything, and removes the parts of the layers' disk and the directories.
func (m *Mounted) Remove() error {
	// Directories only: what could not be unmounted is not to be emptied.
	if err := errors.Join(m.Unmount(), m.layers.undivide()); err != nil {
		return err
	}
	return os.RemoveAll(m.base)
}
