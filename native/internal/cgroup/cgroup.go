// Package cgroup makes, limits and kills control groups (version 2).
package cgroup

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Root is where Mount mounts the hierarchy.
const Root = "/sys/fs/cgroup"

// Group is one control group.
type Group struct{ path string }

// Mount mounts the hierarchy and enables the controllers that boxes are limited with.
func Mount() error {
	if err := unix.Mount("cgroup2", Root, "cgroup2", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return &os.PathError{Op: "mount", Path: Root, Err: err}
	}
	return Group{Root}.Set("cgroup.subtree_control", "+memory +pids")
}

// Make makes a group below g, or the top-level one if g is the zero Group.
func (g Group) Make(name string) (Group, error) {
	if g.path == "" {
		g.path = Root
	}
	child := Group{filepath.Join(g.path, name)}
	return child, os.Mkdir(child.path, 0o755)
}

// Set writes one of the group's files.
func (g Group) Set(file, value string) error {
	f, err := os.OpenFile(filepath.Join(g.path, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// Add moves a process into the group.
func (g Group) Add(pid int) error { return g.Set("cgroup.procs", strconv.Itoa(pid)) }

// Kill kills every process in the group and in those below it.
func (g Group) Kill() error { return g.Set("cgroup.kill", "1") }

// Freeze makes every process in the group and in those below it stand still, and waits until all do.
func (g Group) Freeze(ctx context.Context) error {
	if err := g.Set("cgroup.freeze", "1"); err != nil {
		return err
	}
	events, err := os.Open(filepath.Join(g.path, "cgroup.events"))
	if err != nil {
		return err
	}
	defer events.Close()
	for {
		b := make([]byte, 256)
		n, err := events.ReadAt(b, 0)
		if err != nil && err != io.EOF {
			return err
		}
		if bytes.Contains(b[:n], []byte("frozen 1\n")) {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		// The kernel says so when the file has changed since it was read; the context is looked at between.
		fds := []unix.PollFd{{Fd: int32(events.Fd()), Events: unix.POLLPRI}}
		if _, err := unix.Poll(fds, 50); err != nil && err != unix.EINTR {
			return os.NewSyscallError("poll", err)
		}
	}
}

// Thaw lets them go on.
func (g Group) Thaw() error { return g.Set("cgroup.freeze", "0") }

// Signal sends a signal to every process in the group itself. Processes that are forked meanwhile
// may miss it.
func (g Group) Signal(sig syscall.Signal) error {
	b, err := os.ReadFile(filepath.Join(g.path, "cgroup.procs"))
	if err != nil {
		return err
	}
	for _, line := range bytes.Fields(b) {
		// 0 would be a process of another PID namespace, and as a target our own group.
		if pid, err := strconv.Atoi(string(line)); err == nil && pid > 1 {
			unix.Kill(pid, sig)
		}
	}
	return nil
}

// Open opens the group for a process to be made in it.
func (g Group) Open() (fd int, err error) {
	return unix.Open(g.path, unix.O_DIRECTORY|unix.O_PATH|unix.O_CLOEXEC, 0)
}

// Remove removes the group; it fails with EBUSY while a process is in it.
func (g Group) Remove() error { return unix.Rmdir(g.path) }
