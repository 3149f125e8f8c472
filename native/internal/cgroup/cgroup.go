// Package cgroup makes, limits and kills control groups (version 2).
package cgroup

import (
	"bytes"
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
