package container

import (
	"errors"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Arg0 is how the agent's binary is called when it is to be the container's PID 1.
const Arg0 = "boxlite-container-init"

// socketFD is PID 1's end of the socket pair.
const socketFD = 3

// PID1 is the main function of the container's first process. It makes the container around itself
// and then either reaps orphans until it is killed or becomes the image's own init.
func PID1() {
	runtime.LockOSThread()
	socket := os.NewFile(socketFD, "agent")
	unix.CloseOnExec(socketFD)
	if step, err := isolate(); err != nil {
		send(socket, reportOf(step, err))
		os.Exit(1)
	}
	if send(socket, &report{}) != nil {
		os.Exit(1)
	}
	var s setup
	if _, err := receive(socket, &s); err != nil {
		os.Exit(1)
	}
	if step, err := s.make(); err != nil {
		send(socket, reportOf(step, err))
		os.Exit(1)
	}
	if send(socket, &report{}) != nil {
		os.Exit(1)
	}
	if s.Execs {
		becomeInit(socket)
		os.Exit(1)
	}
	receive(socket, &report{}) // returns when the agent has gone, and with it the VM
}

// isolate does all that is the same for every container.
func isolate() (step string, err error) {
	// Nobody in the container may look into this process or at the agent's binary through it.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return "prctl", err
	}
	// Here and not when it was forked: the namespace's root is the group that this process is in.
	if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
		return "cgroup namespace", err
	}
	// The root file system, which the agent mounts later, shall still appear here.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return "mount propagation", err
	}
	old := unix.Umask(0)
	defer unix.Umask(old)
	return "mounts", furnish()
}

func (s *setup) make() (step string, err error) {
	if err := unix.Sethostname([]byte(s.Hostname)); err != nil {
		return "host name", err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return "mount propagation", err
	}
	old := unix.Umask(0)
	err = s.populate()
	unix.Umask(old)
	if err != nil {
		return "mounts", err
	}
	if err := s.enter(); err != nil {
		return "root", err
	}
	if s.Execs {
		return "capabilities", s.Caps.Bound(s.LastCap)
	}
	// Ignored SIGCHLDs make the kernel reap orphans by itself.
	signal.Ignore()
	return "capabilities", s.Caps.Confine(s.LastCap)
}

// becomeInit waits for the program and executes it; it returns only if that fails.
func becomeInit(socket *os.File) {
	var p program
	fds, err := receive(socket, &p)
	if err == nil && len(fds) != 3 {
		err = errors.New("no files")
	}
	if err == nil {
		err = p.execHere(fds)
	}
	send(socket, reportOf("exec", err))
}

func (p *program) execHere(fds []int) error {
	if _, err := unix.Setsid(); err != nil && err != unix.EPERM {
		return err
	}
	for to, from := range fds {
		if err := unix.Dup3(from, to, 0); err != nil {
			return err
		}
	}
	if p.TTY {
		if err := unix.IoctlSetInt(0, unix.TIOCSCTTY, 0); err != nil {
			return err
		}
	}
	groups := make([]int, len(p.Groups))
	for i, g := range p.Groups {
		groups[i] = int(g)
	}
	if err := errors.Join(syscall.Setgroups(groups), syscall.Setgid(int(p.GID)), syscall.Setuid(int(p.UID))); err != nil {
		return err
	}
	if err := unix.Chdir(p.Dir); err != nil {
		return err
	}
	return p.tryPaths(func(path string) error { return unix.Exec(path, p.Argv, p.Env) })
}

// tryPaths calls exec with one path after the other as execvp would.
func (p *program) tryPaths(exec func(path string) error) error {
	result := error(unix.ENOENT)
	for _, path := range p.Paths {
		switch err := exec(path); err {
		case nil:
			return nil
		case unix.ENOENT, unix.ENOTDIR:
		case unix.EACCES:
			result = err
		default:
			return err
		}
	}
	return result
}
