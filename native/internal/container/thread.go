package container

import (
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

const namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP

// thread is an OS thread of the agent that has joined the container's namespaces: its root is the
// container's, what it forks is in the container's PID namespace, with the container's bounding
// set. It keeps the agent's other rights, so it runs nothing of the user but through fork and exec.
type thread struct {
	calls chan func()
	left  chan struct{} // closed when no more calls are taken
}

// join starts a thread in the namespaces of process pid.
func join(pid int, setup *setup) (*thread, error) {
	t := &thread{calls: make(chan func()), left: make(chan struct{})}
	joined := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this function
		err := enterNamespaces(pid)
		if err == nil {
			err = setup.Caps.Bound(setup.LastCap)
		}
		joined <- err
		if err != nil {
			return
		}
		for {
			select {
			case call := <-t.calls:
				call()
			case <-t.left:
				return
			}
		}
	}()
	return t, <-joined
}

func enterNamespaces(pid int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return fmt.Errorf("pidfd_open: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.Unshare(unix.CLONE_FS); err != nil { // its own root and working directory
		return fmt.Errorf("unshare: %w", err)
	}
	if err := unix.Setns(fd, namespaces); err != nil {
		return fmt.Errorf("setns: %w", err)
	}
	return nil
}

// do runs f on the thread and waits for it.
func (t *thread) do(f func() error) error {
	result := make(chan error)
	select {
	case t.calls <- func() { result <- f() }:
		return <-result
	case <-t.left:
		return errors.New("the container has been removed")
	}
}

// leave moves the thread to another mount namespace, so that it keeps no mount busy, and ends it.
func (t *thread) leave(mountNamespace int) error {
	defer close(t.left)
	return t.do(func() error { return unix.Setns(mountNamespace, unix.CLONE_NEWNS) })
}
