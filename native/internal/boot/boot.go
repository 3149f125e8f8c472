// Package boot brings the VM up and down around the agent, which is its PID 1.
package boot

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/cgroup"
)

// Run is where the agent keeps its own files; a tmpfs.
const Run = "/run"

const (
	moduleList = "/modules/load" // names of files beside it, each after those that it needs
	maxFiles   = 1 << 20         // RLIMIT_NOFILE of the agent and of everything in the box
)

// Up makes the VM usable: file systems, modules, loopback, network card, limits.
func Up() error {
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"root", pivotableRoot}, {"file systems", mountAll}, {"modules", loadModules},
		{"cgroups", cgroup.Mount}, {"loopback", loopbackUp}, {"network", networkUp}, {"limits", limits}, {"root", sealRoot}, {"mounts", shareMounts},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

func mountAll() error {
	const plain = unix.MS_NOSUID | unix.MS_NOEXEC
	for _, m := range []struct {
		target, fstype, options string
		flags                   uintptr
	}{
		{"/dev", "devtmpfs", "mode=755", plain},
		{"/proc", "proc", "", plain | unix.MS_NODEV},
		{"/sys", "sysfs", "", plain | unix.MS_NODEV},
		{Run, "tmpfs", "mode=700", unix.MS_NOSUID | unix.MS_NODEV},
	} {
		if err := os.MkdirAll(m.target, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.fstype, m.target, m.fstype, m.flags, m.options); err != nil {
			return fmt.Errorf("%s: %w", m.target, err)
		}
	}
	return nil
}

func loadModules() error {
	list, err := os.Open(moduleList)
	if err != nil {
		return err
	}
	defer list.Close()
	lines := bufio.NewScanner(list)
	for lines.Scan() {
		file := filepath.Join(filepath.Dir(moduleList), lines.Text())
		if err := loadModule(file); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		os.Remove(file) // the initramfs is memory
	}
	return lines.Err()
}

func loadModule(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.FinitModule(int(f.Fd()), "", 0); err != unix.EEXIST {
		return err
	}
	return nil
}

// pivotableRoot puts a second mount of the root over the first. The kernel's initial root has no
// parent mount, which pivot_root, and so a container, cannot do without. Nothing is copied.
func pivotableRoot() error {
	const second = "/second"
	if err := os.Mkdir(second, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("/", second, "", unix.MS_BIND, ""); err != nil {
		return err
	}
	if err := unix.Chdir(second); err != nil {
		return err
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return err
	}
	return unix.Chroot(".")
}

// sealRoot makes the root read-only: the agent's binary stays what it is, whoever gets hold of it.
func sealRoot() error {
	return unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")
}

// shareMounts lets what is mounted later appear in the mount namespace of a container's first
// process that is there already.
func shareMounts() error {
	return unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, "")
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return interfaceUp(fd, "lo")
}

func limits() error {
	// The syscall package, not unix: it then knows that this is also what children shall have.
	return syscall.Setrlimit(unix.RLIMIT_NOFILE, &syscall.Rlimit{Cur: maxFiles, Max: maxFiles})
}

// Memory returns a line of /proc/meminfo, in bytes.
func Memory(name string) (int64, error) {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(b) {
		fields := strings.Fields(string(line))
		if len(fields) >= 2 && fields[0] == name+":" {
			n, err := strconv.ParseInt(fields[1], 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/meminfo: no %s", name)
}

// PowerOff ends the VM.
func PowerOff() {
	unix.Sync()
	unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}
