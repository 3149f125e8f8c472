package container

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/cgroup"
)

// OpenTTY makes a terminal of the container.
func (c *Container) OpenTTY() (master, slave *os.File, err error) {
	const flags = unix.O_RDWR | unix.O_NOCTTY | unix.O_CLOEXEC
	fd, err := unix.Openat2(c.devpts, "ptmx", &unix.OpenHow{
		Flags: flags | unix.O_NONBLOCK, Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_BENEATH,
	})
	if err != nil {
		return nil, nil, os.NewSyscallError("open ptmx", err)
	}
	master = os.NewFile(uintptr(fd), "tty")
	if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		master.Close()
		return nil, nil, os.NewSyscallError("unlock tty", err)
	}
	peer, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCGPTPEER, flags)
	if errno != 0 {
		master.Close()
		return nil, nil, os.NewSyscallError("open tty", errno)
	}
	return master, os.NewFile(peer, "tty"), nil
}

// Launch executes spec, whose empty fields are the container's, with these files in group.
func (c *Container) Launch(spec Spec, files [3]*os.File, group cgroup.Group, exited func(syscall.WaitStatus)) (int, error) {
	spec.Env = overlaid(c.config.Init.Env, spec.Env)
	if spec.Dir == "" {
		spec.Dir = c.config.Init.Dir
	}
	if spec.User == "" {
		spec.User = c.config.Init.User
	}
	fd, err := group.Open()
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	var pid int
	err = c.thread.do(func() error {
		p, err := spec.resolve(c.config.Hostname)
		if err != nil {
			return err
		}
		pid, err = c.table.Fork(func() (int, error) { return p.fork(files, fd) }, exited)
		return err
	})
	if err != nil {
		return 0, execFault(spec.Argv[0], err)
	}
	return pid, nil
}

// LaunchInit executes the container's init.
func (c *Container) LaunchInit(files [3]*os.File, group cgroup.Group, exited func(syscall.WaitStatus)) (int, error) {
	if c.setup.TTY {
		if err := c.bindConsole(files[0]); err != nil {
			return 0, err
		}
	}
	if !c.setup.Execs {
		return c.Launch(c.config.Init, files, group, exited)
	}
	spec := c.config.Init
	var p *program
	err := c.thread.do(func() (err error) {
		p, err = spec.resolve(c.config.Hostname)
		return err
	})
	if err != nil {
		return 0, execFault(spec.Argv[0], err)
	}
	c.mu.Lock()
	c.initExited = exited
	c.mu.Unlock()
	var fds []int
	for _, f := range files {
		fds = append(fds, int(f.Fd()))
	}
	if err := send(c.socket, p, fds...); err != nil {
		return 0, err
	}
	var r report
	if _, err := receive(c.socket, &r); err != nil {
		return c.pid1, nil // the socket was closed by the exec
	}
	return 0, execFault(spec.Argv[0], r.Errno)
}

// bindConsole mounts init's terminal over /dev/console.
func (c *Container) bindConsole(slave *os.File) error {
	return c.thread.do(func() error {
		tree, err := unix.OpenTree(int(slave.Fd()), "", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_EMPTY_PATH)
		if err != nil {
			return os.NewSyscallError("open_tree", err)
		}
		defer unix.Close(tree)
		return os.NewSyscallError("move_mount", unix.MoveMount(tree, "", unix.AT_FDCWD, "/dev/console", unix.MOVE_MOUNT_F_EMPTY_PATH))
	})
}

func (p *program) fork(files [3]*os.File, group int) (pid int, err error) {
	attr := &syscall.ProcAttr{
		Dir: p.Dir, Env: p.Env,
		Files: []uintptr{files[0].Fd(), files[1].Fd(), files[2].Fd()},
		Sys: &syscall.SysProcAttr{
			Setsid: true, Setctty: p.TTY,
			UseCgroupFD: true, CgroupFD: group,
			Credential: &syscall.Credential{Uid: p.UID, Gid: p.GID, Groups: p.Groups},
		},
	}
	err = p.tryPaths(func(path string) (err error) {
		pid, err = syscall.ForkExec(path, p.Argv, attr)
		return err
	})
	return pid, err
}
