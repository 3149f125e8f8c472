package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"syscall"
	"time"

	"google.golang.org/grpc/codes"

	pb "boxlite.io/native/internal/agentpb"
	"boxlite.io/native/internal/container"
	"boxlite.io/native/internal/fault"
	"boxlite.io/native/internal/process"
)

const maxTimeout = uint64(1<<63-1) / uint64(time.Millisecond)

var execIDPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

func specOf(p *pb.ProcessSpec) (container.Spec, error) {
	if p == nil {
		return container.Spec{}, fault.Invalid("process: missing")
	}
	spec := container.Spec{Dir: string(p.Cwd), User: p.User, TTY: p.Tty}
	for _, arg := range p.Argv {
		spec.Argv = append(spec.Argv, string(arg))
	}
	for _, e := range p.Env {
		spec.Env = append(spec.Env, string(e))
	}
	if p.Rows > 65535 || p.Cols > 65535 {
		return spec, fault.Invalid("terminal size %dx%d: at most 65535", p.Rows, p.Cols)
	}
	return spec, spec.Check()
}

func optionsOf(id string, p *pb.ProcessSpec, c *container.Container) process.Options {
	o := process.Options{ID: id, Rows: 24, Cols: 80}
	if p.Tty {
		o.TTY = c.OpenTTY
	}
	if p.Rows > 0 {
		o.Rows = uint16(p.Rows)
	}
	if p.Cols > 0 {
		o.Cols = uint16(p.Cols)
	}
	return o
}

func exitOf(e *process.Exit) *pb.ExitStatus {
	if e == nil {
		return nil
	}
	return &pb.ExitStatus{Code: uint32(e.Code), Signal: uint32(e.Signal), TimedOut: e.TimedOut}
}

// exec runs one more process in the container; when it returns, the program has been executed.
func (a *Agent) exec(id string, e *pb.ExecSpec) (*process.Process, error) {
	spec, err := specOf(e.Process)
	switch {
	case err != nil:
		return nil, err
	case !execIDPattern.MatchString(id):
		return nil, fault.Invalid("exec id %.80q: must match [A-Za-z0-9_-]{1,128}", id)
	case e.TimeoutMs > maxTimeout:
		return nil, fault.Invalid("timeout %d ms: too long", e.TimeoutMs)
	}
	a.still.RLock()
	defer a.still.RUnlock()
	a.mu.Lock()
	if a.state != pb.ContainerState_CONTAINER_STATE_RUNNING || a.down {
		a.mu.Unlock()
		return nil, notRunning()
	}
	c, box := a.container, a.groups.box
	a.sequence++
	name := fmt.Sprintf("exec-%d", a.sequence)
	a.mu.Unlock()

	o := optionsOf(id, e.Process, c)
	if o.Group, err = box.Make(name); err != nil {
		return nil, err
	}
	p, err := a.table.Add(o)
	if err != nil {
		o.Group.Remove()
		if errors.Is(err, process.ErrExists) {
			return nil, fault.New(codes.AlreadyExists, "already_exists", "exec %s: exists already", id)
		}
		return nil, err
	}
	timeout := time.Duration(e.TimeoutMs) * time.Millisecond
	err = p.Start(timeout, func(files [3]*os.File, exited func(syscall.WaitStatus)) (int, error) {
		return c.Launch(spec, files, o.Group, exited)
	})
	if err != nil {
		p.Discard()
		// A PID namespace without PID 1 takes no more processes.
		select {
		case <-c.Ended():
			return nil, notRunning()
		default:
		}
		return nil, err
	}
	return p, nil
}

func notRunning() error {
	return fault.New(codes.FailedPrecondition, "not_running", "the container is not running")
}

func (a *Agent) find(id string) (*process.Process, error) {
	if p := a.table.Find(id); p != nil {
		return p, nil
	}
	return nil, fault.New(codes.NotFound, "exec_not_found", "exec %.128q: not found", id)
}

// Signal sends one signal to the process itself.
func (a *Agent) Signal(_ context.Context, r *pb.SignalRequest) (*pb.SignalResponse, error) {
	if r.Signal < 1 || r.Signal > maxSignal {
		return nil, fault.Invalid("signal %d: must be 1 to %d", r.Signal, maxSignal)
	}
	p, err := a.find(r.ExecId)
	if err != nil {
		return nil, err
	}
	err = p.Signal(syscall.Signal(r.Signal))
	if errors.Is(err, process.ErrExited) {
		return nil, fault.New(codes.FailedPrecondition, "exited", "exec %s: has ended", r.ExecId)
	}
	return &pb.SignalResponse{}, err
}

// Kill kills the process and all that descends from it.
func (a *Agent) Kill(_ context.Context, r *pb.KillRequest) (*pb.KillResponse, error) {
	p, err := a.find(r.ExecId)
	if err != nil {
		return nil, err
	}
	return &pb.KillResponse{}, p.Kill()
}

// Resize sets the size of the process's terminal.
func (a *Agent) Resize(_ context.Context, r *pb.ResizeRequest) (*pb.ResizeResponse, error) {
	if r.Rows < 1 || r.Rows > 65535 || r.Cols < 1 || r.Cols > 65535 {
		return nil, fault.Invalid("terminal size %dx%d: must be 1 to 65535", r.Rows, r.Cols)
	}
	p, err := a.find(r.ExecId)
	if err != nil {
		return nil, err
	}
	err = p.Resize(uint16(r.Rows), uint16(r.Cols))
	if errors.Is(err, process.ErrNotATTY) {
		return nil, fault.New(codes.FailedPrecondition, "not_a_tty", "exec %s: has no terminal", r.ExecId)
	}
	if errors.Is(err, os.ErrClosed) {
		err = nil // it has ended: nobody will look at the size
	}
	return &pb.ResizeResponse{}, err
}

// ListExecs lists every process whose result was not released.
func (a *Agent) ListExecs(context.Context, *pb.ListExecsRequest) (*pb.ListExecsResponse, error) {
	response := &pb.ListExecsResponse{}
	for _, p := range a.table.List() {
		response.Execs = append(response.Execs, &pb.ExecRecord{
			ExecId: p.ID, Pid: uint32(p.PID()), Tty: p.TTY(), Exit: exitOf(p.Exit()),
		})
	}
	return response, nil
}

// Release forgets an ended process.
func (a *Agent) Release(_ context.Context, r *pb.ReleaseRequest) (*pb.ReleaseResponse, error) {
	if p := a.table.Find(r.ExecId); p != nil {
		if err := p.Release(); err != nil {
			return nil, fault.New(codes.FailedPrecondition, "running", "exec %s: is still running", r.ExecId)
		}
	}
	return &pb.ReleaseResponse{}, nil
}
