package process

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/cgroup"
)

// killDelay is how long after SIGTERM a process that overran its time is killed.
const killDelay = 2 * time.Second

// Why an operation on a process fails.
var (
	ErrExists  = errors.New("id is in use")
	ErrNotATTY = errors.New("process has no terminal")
	ErrRunning = errors.New("process is still running")
	ErrExited  = errors.New("process has ended")
)

// Options say what kind of process it is.
type Options struct {
	ID    string
	Group cgroup.Group // it and its descendants live here
	// TTY is how to open a terminal for it, nil for pipes.
	TTY        func() (master, slave *os.File, err error)
	Rows, Cols uint16
	// Lossy, when set and true, lets the oldest output go instead of making the process wait.
	Lossy func() bool
	// OnExit is called when it has ended, before anybody is told.
	OnExit func()
}

// Exit is how a process ended.
type Exit struct {
	Code     int // 0 when a signal ended it
	Signal   int // or 0
	TimedOut bool
}

// Process is one process, its streams, and its result until that is released.
type Process struct {
	ID      string
	table   *Table
	options Options
	streams streams

	mu       sync.Mutex
	changed  sync.Cond // anything that a pump or the stdin writer waits for
	pid      int       // 0 before it is started
	exit     *Exit
	timedOut bool
	timers   []*time.Timer
	released bool

	out     [2]window
	pumping int // output streams that may still bring something

	stdin    []byte // accepted and not yet taken
	accepted uint64
	written  uint64
	eof      bool // nothing more will be accepted
	gone     bool // nobody will take any

	attachment *Attachment
}

// Add makes the streams of a process that is to be started, so that it can be attached to.
func (t *Table) Add(o Options) (*Process, error) {
	p := &Process{ID: o.ID, table: t, options: o}
	p.changed.L = &p.mu
	if !t.add(p) {
		return nil, ErrExists
	}
	if err := p.openStreams(); err != nil {
		t.remove(o.ID)
		return nil, err
	}
	return p, nil
}

// Start executes the program: launch does so with these three files as its first and calls exited
// when it has ended. If launch fails, p is as before and may be started again or discarded.
func (p *Process) Start(timeout time.Duration, launch func(files [3]*os.File, exited func(syscall.WaitStatus)) (int, error)) error {
	p.mu.Lock()
	defer p.mu.Unlock() // exited waits for this
	pid, err := launch(p.streams.child, p.exited)
	if err != nil {
		return err
	}
	p.pid = pid
	p.streams.closeChild()
	for i, f := range p.streams.outputs {
		p.pumping++
		go p.pump(i, f)
	}
	go p.feed()
	if timeout > 0 {
		p.timers = append(p.timers, time.AfterFunc(timeout, p.timeout))
	}
	return nil
}

// Discard forgets a process that could not be started.
func (p *Process) Discard() {
	p.table.remove(p.ID)
	p.streams.close()
	p.options.Group.Remove()
}

func (p *Process) timeout() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.exit != nil {
		return
	}
	p.timedOut = true
	p.options.Group.Signal(unix.SIGTERM)
	p.timers = append(p.timers, time.AfterFunc(killDelay, func() { p.options.Group.Kill() }))
}

// exited takes the end of the process. What it wrote is still in its pipes: the pumps are woken to
// take that and no more, since a descendant may hold the other ends for ever.
func (p *Process) exited(status syscall.WaitStatus) {
	if p.options.OnExit != nil {
		p.options.OnExit()
	}
	p.ended(status)
	runtime.Gosched() // who waits for the end goes first
	p.table.sweep(p.options.Group)
}

func (p *Process) ended(status syscall.WaitStatus) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.exit = &Exit{TimedOut: p.timedOut}
	if status.Signaled() {
		p.exit.Signal = int(status.Signal())
	} else {
		p.exit.Code = status.ExitStatus()
	}
	// After a timeout the tree is killed even if its first process went at once.
	if !p.timedOut {
		for _, t := range p.timers {
			t.Stop()
		}
	}
	p.gone, p.written, p.stdin = true, p.accepted, nil
	for _, f := range p.streams.outputs {
		f.SetReadDeadline(time.Unix(1, 0))
	}
	p.streams.closeInput()
	p.notify()
}

// notify wakes all who wait for a change of p, which is locked.
func (p *Process) notify() {
	p.changed.Broadcast()
	if p.attachment != nil {
		p.attachment.wakeUp()
	}
}

// Reconsider makes a process that waits for room ask again whether it may lose output.
func (p *Process) Reconsider() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changed.Broadcast()
}

// PID returns the process's number in the VM, 0 before it is started.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pid
}

// TTY says whether it has a terminal.
func (p *Process) TTY() bool { return p.options.TTY != nil }

// Exit returns how it ended, nil while it runs.
func (p *Process) Exit() *Exit {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.exit
}

// Signal sends a signal to the process itself.
func (p *Process) Signal(sig syscall.Signal) error {
	p.mu.Lock()
	pid, ended := p.pid, p.exit != nil
	p.mu.Unlock()
	if pid == 0 || ended {
		return ErrExited
	}
	if err := p.table.Kill(pid, sig); err == unix.ESRCH {
		return ErrExited
	} else {
		return err
	}
}

// Kill kills the process and all that descends from it, also after its own end.
func (p *Process) Kill() error {
	if err := p.options.Group.Kill(); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

// Resize sets the size of its terminal.
func (p *Process) Resize(rows, cols uint16) error {
	if !p.TTY() {
		return ErrNotATTY
	}
	return p.streams.resize(rows, cols)
}

// Release forgets a process that has ended, with what is unread of its output.
func (p *Process) Release() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.exit == nil {
		return ErrRunning
	}
	p.released = true
	p.out = [2]window{}
	p.notify()
	p.table.remove(p.ID)
	return nil
}

// WaitExit waits for its end.
func (p *Process) WaitExit(ctx context.Context) {
	stop := context.AfterFunc(ctx, p.Reconsider)
	defer stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.pid != 0 && p.exit == nil && ctx.Err() == nil {
		p.changed.Wait()
	}
}

// Group is where the process and its descendants live.
func (p *Process) Group() cgroup.Group { return p.options.Group }
