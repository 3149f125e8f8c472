package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	pb "boxlite.io/native/internal/agentpb"
	"boxlite.io/native/internal/boot"
	"boxlite.io/native/internal/caps"
	"boxlite.io/native/internal/container"
	"boxlite.io/native/internal/process"
	"boxlite.io/native/internal/rootfs"
)

// RehearsalProgram is the agent's binary in the root file system of a rehearsal: called so, it
// writes RehearsalLine and ends.
const (
	RehearsalProgram = "/boxlite-rehearsal"
	RehearsalLine    = "rehearsal\n"
)

const rehearsal = "rehearsal" // the name of what only a rehearsal makes

// Rehearse makes a container, runs a process in it and removes everything again.
func (a *Agent) Rehearse(ctx context.Context, r *pb.RehearseRequest) (*pb.RehearseResponse, error) {
	layers, err := extentsOf(r.Layers)
	if err != nil {
		return nil, err
	}
	if err := a.beginCreating(); err != nil {
		return nil, err
	}
	err = errors.Join(a.rehearse(ctx, layers), a.replant(), a.rehearseVolumes())
	runtime.GC() // now, and not while the container starts
	a.mu.Lock()
	defer a.mu.Unlock()
	a.creating = false
	return &pb.RehearseResponse{}, err
}

func (a *Agent) rehearse(ctx context.Context, layers []rootfs.Extent) (err error) {
	work := filepath.Join(boot.Run, rehearsal)
	root, err := a.mountRoot(work, layers, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Remove()) }()
	if err := root.ReadFiles(); err != nil {
		return err
	}
	if err := root.AddFile("/proc/self/exe", RehearsalProgram); err != nil {
		return err
	}
	machineID := filepath.Join(work, "machine-id") // the VM has none before its container
	if err := os.WriteFile(machineID, nil, 0o444); err != nil {
		return err
	}
	config := container.Config{
		Rootfs: root.Root(), Work: work, Hostname: rehearsal, MachineID: machineID,
		Init: container.Spec{Argv: []string{RehearsalProgram}, Dir: "/", User: "0:0"},
	}
	config.LastCap = a.lastCap
	if config.Caps, err = caps.Select(nil, nil, config.LastCap); err != nil {
		return err
	}
	made, err := a.make(config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, made.remove()) }()
	p, err := a.table.Add(process.Options{ID: rehearsal, Group: made.init, OnExit: made.container.Kill})
	if err != nil {
		return err
	}
	defer func() {
		made.container.Kill()
		<-made.container.Ended()
		p.WaitExit(context.Background())
		p.Discard()
	}()
	if err := p.Start(0, func(files [3]*os.File, exited func(syscall.WaitStatus)) (int, error) {
		return made.container.LaunchInit(files, made.init, exited)
	}); err != nil {
		return err
	}
	return listen(ctx, p)
}

// listen reads what the rehearsal's process writes until it ends.
func listen(ctx context.Context, p *process.Process) error {
	attachment := p.Attach()
	defer attachment.Close()
	output := ""
	for {
		e, err := attachment.Next(ctx)
		switch {
		case err != nil:
			return err
		case e.Data != nil:
			output += string(e.Data)
			if err := attachment.Ack(e.Stream, e.Offset+uint64(len(e.Data))); err != nil {
				return err
			}
		case e.Exit != nil && (output != RehearsalLine || *e.Exit != process.Exit{}):
			return fmt.Errorf("rehearsal: %v after %q", *e.Exit, output)
		case e.Exit != nil:
			return nil
		}
	}
}

// Perform is the program of a rehearsal.
func Perform() {
	unix.Write(1, []byte(RehearsalLine))
	os.Exit(0)
}
