package container

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/inroot"

	"boxlite.io/native/internal/cgroup"
)

const hardened = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC

// mount is one mount of the container.
type mount struct {
	target, fstype string
	flags          uintptr
	data           string
}

// mounts are those that Docker gives a container, in their order. /dev is filled in between.
var (
	devMount    = mount{"/dev", "tmpfs", unix.MS_NOSUID | unix.MS_STRICTATIME, "mode=755,size=65536k"}
	otherMounts = []mount{
		{"/proc", "proc", hardened, ""},
		{"/dev/pts", "devpts", unix.MS_NOSUID | unix.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"},
		{"/dev/shm", "tmpfs", hardened, "mode=1777,size=65536k"},
		{"/dev/mqueue", "mqueue", hardened, ""},
		{"/sys", "sysfs", hardened | unix.MS_RDONLY, ""},
		{"/sys/fs/cgroup", "cgroup2", hardened | unix.MS_RDONLY, ""},
	}
)

// masked paths are made unreadable, readOnly ones unwritable, where they exist.
var (
	masked = []string{
		"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
		"/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats",
		"/sys/devices/virtual/powercap", "/sys/firmware",
	}
	readOnly = []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}
)

var devices = map[string][2]uint32{
	"null": {1, 3}, "zero": {1, 5}, "full": {1, 7}, "random": {1, 8}, "urandom": {1, 9}, "tty": {5, 0},
}

// Devices are all that processes of the container may open: what is in its /dev, and terminals.
// 5:1 is left out, which Docker allows: it is the VM's console whatever /dev/console is here.
func Devices() []cgroup.CharDevice {
	list := []cgroup.CharDevice{{Major: 5, Minor: 2}, {Major: 136, Minor: cgroup.AnyMinor}}
	for _, number := range devices {
		list = append(list, cgroup.CharDevice{Major: number[0], Minor: number[1]})
	}
	return list
}

var devLinks = map[string]string{
	"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1",
	"stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx", "core": "/proc/kcore",
}

// at is the path by which the kernel finds an open file again, whatever happens to its name.
func at(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

func mountIn(r inroot.Root, m mount) error {
	fd, err := r.MakeDir(m.target, 0o755)
	if err == nil {
		err = unix.Mount(m.fstype, at(fd), m.fstype, m.flags, m.data)
		unix.Close(fd)
	}
	if err != nil {
		return fmt.Errorf("mount %s: %w", m.target, err)
	}
	return nil
}

func fillDev(r inroot.Root) error {
	dev, err := r.Open("/dev", unix.O_DIRECTORY|unix.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(dev)
	for name, number := range devices {
		if err := unix.Mknodat(dev, name, unix.S_IFCHR|0o666, int(unix.Mkdev(number[0], number[1]))); err != nil {
			return fmt.Errorf("/dev/%s: %w", name, err)
		}
	}
	for name, target := range devLinks {
		if err := unix.Symlinkat(target, dev, name); err != nil {
			return fmt.Errorf("/dev/%s: %w", name, err)
		}
	}
	return nil
}

// makeConsole makes the file over which init's terminal is mounted when that starts.
func makeConsole(r inroot.Root) error {
	dev, err := r.Open("/dev", unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(dev)
	fd, err := unix.Openat(dev, "console", unix.O_CREAT|unix.O_EXCL|unix.O_RDONLY|unix.O_CLOEXEC, 0o620)
	if err != nil {
		return fmt.Errorf("/dev/console: %w", err)
	}
	return unix.Close(fd)
}

// move moves the mounts at a path of the VM to one of the container.
func move(r inroot.Root, source, target string) error {
	fd, err := r.MakeDir(target, 0o755)
	if err == nil {
		err = unix.Mount(source, at(fd), "", unix.MS_MOVE, "")
		unix.Close(fd)
	}
	if err != nil {
		return fmt.Errorf("mount %s: %w", target, err)
	}
	return nil
}

// overlay mounts a file of the VM over one of the container.
func overlay(r inroot.Root, target, source string) error {
	fd, err := r.MakeFile(target)
	if err == nil {
		err = unix.Mount(source, at(fd), "", unix.MS_BIND, "")
		unix.Close(fd)
	}
	if err != nil {
		return fmt.Errorf("mount %s: %w", target, err)
	}
	return nil
}

func mask(r inroot.Root, target string) error {
	fd, err := r.Open(target, unix.O_PATH|unix.O_NOFOLLOW, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("mask %s: %w", target, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err == nil {
		if st.Mode&unix.S_IFMT == unix.S_IFDIR {
			err = unix.Mount("tmpfs", at(fd), "tmpfs", hardened|unix.MS_RDONLY, "size=0,nr_inodes=1")
		} else {
			err = unix.Mount("/dev/null", at(fd), "", unix.MS_BIND, "")
		}
	}
	if err != nil {
		return fmt.Errorf("mask %s: %w", target, err)
	}
	return nil
}

func protect(r inroot.Root, target string) error {
	fd, err := r.Open(target, unix.O_PATH|unix.O_NOFOLLOW, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err == nil {
		err = unix.Mount(at(fd), at(fd), "", unix.MS_BIND|unix.MS_REC, "")
		unix.Close(fd)
	}
	if err == nil { // the new mount is found by the name: the old descriptor lies below it
		fd, err = r.Open(target, unix.O_PATH|unix.O_NOFOLLOW, 0)
	}
	if err == nil {
		err = unix.Mount("", at(fd), "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY|hardened, "")
		unix.Close(fd)
	}
	if err != nil {
		return fmt.Errorf("protect %s: %w", target, err)
	}
	return nil
}

// staging is where the mounts of a container wait for its root file system; PID 1's own.
const staging = "/run/staging"

// trees are the tops of what waits there.
var trees = []string{"/dev", "/proc", "/sys"}

// furnish makes, at staging, all mounts that are the same for every container.
func furnish() error {
	if err := os.MkdirAll(staging, 0o700); err != nil {
		return err
	}
	// Private, so that what is mounted in it can be moved.
	if err := unix.Mount("tmpfs", staging, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=700"); err != nil {
		return err
	}
	r, err := inroot.At(staging)
	if err != nil {
		return err
	}
	defer unix.Close(int(r))
	if err := mountIn(r, devMount); err != nil {
		return err
	}
	if err := fillDev(r); err != nil {
		return err
	}
	for _, m := range otherMounts {
		if err := mountIn(r, m); err != nil {
			return err
		}
	}
	for _, target := range masked {
		if err := mask(r, target); err != nil {
			return err
		}
	}
	for _, target := range readOnly {
		if err := protect(r, target); err != nil {
			return err
		}
	}
	return nil
}

// files are those of /etc that are mounted over the container's, after being made where missing.
var files = []string{"/etc/hostname", "/etc/hosts", "/etc/resolv.conf"}

// Made says whether what has that path (without a slash at either end) on the box's own disk is there
// only because something was mounted over it when the container was made.
func Made(path string, st *unix.Stat_t) bool {
	path = "/" + path
	return slices.Contains(trees, path) ||
		slices.Contains(files, path) && st.Mode&unix.S_IFMT == unix.S_IFREG && st.Size == 0
}

// populate makes everything of the container's file system but its content.
func (s *setup) populate() error {
	r, err := inroot.At(s.Rootfs)
	if err != nil {
		return err
	}
	defer unix.Close(int(r))
	for _, tree := range trees {
		if err := move(r, staging+tree, tree); err != nil {
			return err
		}
	}
	if s.TTY {
		if err := makeConsole(r); err != nil {
			return err
		}
	}
	for target, source := range s.Files {
		if err := overlay(r, target, source); err != nil {
			return err
		}
	}
	if fd, err := r.Open("/etc/machine-id", unix.O_PATH, 0); err == nil {
		unix.Close(fd)
		if err := overlay(r, "/etc/machine-id", s.MachineID); err != nil {
			return err
		}
	}
	for _, v := range s.Volumes {
		if err := bind(r, v); err != nil {
			return err
		}
	}
	fd, err := r.MakeDir(s.Cwd, 0o755)
	if err != nil {
		return fmt.Errorf("working directory %q: %w", s.Cwd, err)
	}
	return unix.Close(fd)
}

// enter makes the root file system the root, and drops the VM's.
func (s *setup) enter() error {
	if err := unix.Chdir(s.Rootfs); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil { // the old root now lies on top of the new
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount the old root: %w", err)
	}
	return unix.Chdir("/")
}
