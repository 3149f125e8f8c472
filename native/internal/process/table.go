// Package process keeps the processes of the box: it reaps them, moves their streams with
// back-pressure and remembers how they ended.
package process

import (
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Table knows every process that the agent has forked. The agent is PID 1 of the VM: all of them,
// and nothing else, are its children; they are reaped here and nowhere else.
type Table struct {
	// forking is held from a fork until its process is in onExit, and while reaping: a process
	// cannot end unseen. It also keeps a PID from being given away between a look and a signal.
	forking sync.Mutex
	onExit  map[int]func(syscall.WaitStatus)

	mu   sync.Mutex
	byID map[string]*Process
}

// NewTable starts reaping.
func NewTable() *Table {
	t := &Table{onExit: map[int]func(syscall.WaitStatus){}, byID: map[string]*Process{}}
	children := make(chan os.Signal, 1)
	signal.Notify(children, unix.SIGCHLD)
	go func() {
		for range children {
			t.reap()
		}
	}()
	return t
}

func (t *Table) reap() {
	type end struct {
		tell   func(syscall.WaitStatus)
		status syscall.WaitStatus
	}
	var ends []end
	t.forking.Lock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			break
		}
		// A PID that nobody waits for is that of a fork whose exec failed.
		if tell := t.onExit[pid]; tell != nil {
			delete(t.onExit, pid)
			ends = append(ends, end{tell, status})
		}
	}
	t.forking.Unlock()
	for _, e := range ends {
		e.tell(e.status)
	}
}

// Fork runs fork and has onExit called, once, when the process that it made has ended.
func (t *Table) Fork(fork func() (int, error), onExit func(syscall.WaitStatus)) (int, error) {
	t.forking.Lock()
	defer t.forking.Unlock()
	pid, err := fork()
	if err == nil {
		t.onExit[pid] = onExit
	}
	return pid, err
}

// Kill sends a signal to a process that Fork made; ESRCH if it has ended.
func (t *Table) Kill(pid int, sig syscall.Signal) error {
	t.forking.Lock()
	defer t.forking.Unlock()
	if t.onExit[pid] == nil {
		return unix.ESRCH
	}
	return unix.Kill(pid, sig)
}

// Find returns the process with that id, or nil.
func (t *Table) Find(id string) *Process {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byID[id]
}

// List returns all processes that were not released.
func (t *Table) List() []*Process {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]*Process, 0, len(t.byID))
	for _, p := range t.byID {
		list = append(list, p)
	}
	return list
}

// add enters p unless its id is taken.
func (t *Table) add(p *Process) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byID[p.ID] != nil {
		return false
	}
	t.byID[p.ID] = p
	return true
}

func (t *Table) remove(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byID, id)
}
