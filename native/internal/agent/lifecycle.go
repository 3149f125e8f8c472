package agent

import (
	"context"
	"errors"
	"log"
	"math"
	"os"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"

	pb "boxlite.io/native/internal/agentpb"
	"boxlite.io/native/internal/boot"
	"boxlite.io/native/internal/caps"
	"boxlite.io/native/internal/cgroup"
	"boxlite.io/native/internal/container"
	"boxlite.io/native/internal/fault"
	"boxlite.io/native/internal/process"
	"boxlite.io/native/internal/rootfs"
)

const (
	maxLayers  = 127
	maxTarget  = 255
	maxReserve = 48 << 20 // memory that is kept from the container
	maxSignal  = 64
)

var containerIDPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

// CreateContainer mounts the root file system and makes the container.
func (a *Agent) CreateContainer(ctx context.Context, r *pb.CreateContainerRequest) (*pb.CreateContainerResponse, error) {
	config, err := checkCreate(r)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	if a.creating || a.down || a.state != pb.ContainerState_CONTAINER_STATE_NONE {
		a.mu.Unlock()
		return nil, fault.New(codes.FailedPrecondition, "already_created", "the container has been created before")
	}
	a.creating = true
	config.Hostname = a.hostname
	a.mu.Unlock()
	err = a.create(ctx, r, config)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.creating = false
	if err != nil {
		return nil, err
	}
	a.state = pb.ContainerState_CONTAINER_STATE_CREATED
	return &pb.CreateContainerResponse{}, nil
}

func checkCreate(r *pb.CreateContainerRequest) (config container.Config, err error) {
	switch {
	case !containerIDPattern.MatchString(r.ContainerId):
		return config, fault.Invalid("container id: must be 64 hex digits")
	case len(r.Layers) < 1 || len(r.Layers) > maxLayers:
		return config, fault.Invalid("layers: must be 1 to %d", maxLayers)
	case r.Writable == nil:
		return config, fault.Invalid("writable disk: missing")
	case r.StopSignal > maxSignal:
		return config, fault.Invalid("stop signal %d: must be 1 to %d", r.StopSignal, maxSignal)
	}
	for _, d := range append([]*pb.Disk{r.Writable}, r.Layers...) {
		if d.GetScsiTarget() > maxTarget {
			return config, fault.Invalid("SCSI target %d: must be at most %d", d.ScsiTarget, maxTarget)
		}
	}
	if config.Init, err = specOf(r.Init); err != nil {
		return config, err
	}
	if config.Init.Dir == "" {
		config.Init.Dir = "/"
	}
	if config.Init.User == "" {
		config.Init.User = "0:0"
	}
	if config.LastCap, err = caps.Last(); err != nil {
		return config, err
	}
	if config.Caps, err = caps.Select(r.CapabilitiesAdd, r.CapabilitiesDrop, config.LastCap); err != nil {
		return config, fault.Invalid("%v", err)
	}
	return config, nil
}

func (a *Agent) create(ctx context.Context, r *pb.CreateContainerRequest, config container.Config) (err error) {
	layers := make([]uint32, len(r.Layers))
	for i, d := range r.Layers {
		layers[i] = d.ScsiTarget
	}
	root, err := rootfs.Mount(ctx, work, layers, r.Writable.ScsiTarget)
	switch {
	case errors.Is(err, rootfs.ErrNoDisk):
		return fault.New(codes.NotFound, "disk_not_found", "%v", err)
	case err != nil:
		return fault.New(codes.FailedPrecondition, "mount_failed", "%v", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, root.Unmount())
		}
	}()
	box, err := makeBoxGroup()
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			box.Remove()
		}
	}()
	config.Rootfs, config.Work, config.MachineID = root.Root(), work, boot.MachineID
	config.Group, config.Keeper, config.OnEnd = box, a.groups.keeper, a.containerEnded
	c, err := container.Create(a.table, config)
	if err != nil {
		return fault.New(codes.FailedPrecondition, "mount_failed", "%v", err)
	}
	o := optionsOf(r.ContainerId, r.Init, c)
	o.Lossy = func() bool { return !a.connected() }
	o.OnExit = c.Kill // with init the whole container ends
	if o.Group, err = box.Make("init"); os.IsExist(err) {
		err = nil // PID 1 is there: it becomes init
	}
	if err == nil {
		var p *process.Process
		if p, err = a.table.Add(o); err == nil {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.root, a.container, a.init, a.groups.box = root, c, p, box
			if a.stopSignal = syscall.Signal(r.StopSignal); a.stopSignal == 0 {
				a.stopSignal = unix.SIGTERM
			}
			return nil
		}
	}
	c.Kill()
	<-c.Ended()
	return errors.Join(err, c.Leave())
}

// makeBoxGroup makes the group that limits the container, so that what runs there is killed for
// want of memory or of PIDs before the agent suffers, and that keeps the VM's devices from it: with
// Docker's capabilities a container can make a node of any, be it the console or a mounted disk.
func makeBoxGroup() (cgroup.Group, error) {
	box, err := (cgroup.Group{}).Make("box")
	if err != nil {
		return box, err
	}
	if err := limitBox(box); err != nil {
		return box, errors.Join(err, box.Remove())
	}
	return box, nil
}

func limitBox(box cgroup.Group) error {
	total, err := boot.Memory("MemTotal")
	if err != nil {
		return err
	}
	threads, err := os.ReadFile("/proc/sys/kernel/threads-max")
	if err != nil {
		return err
	}
	max, err := strconv.Atoi(string(threads[:len(threads)-1]))
	if err != nil {
		return err
	}
	limit := total - min(maxReserve, total/10)
	return errors.Join(
		box.Set("memory.max", strconv.FormatInt(limit, 10)),
		box.Set("pids.max", strconv.Itoa(max*9/10)),
		box.AllowDevices(container.Devices()...),
	)
}

// StartContainer runs init.
func (a *Agent) StartContainer(context.Context, *pb.StartContainerRequest) (*pb.StartContainerResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.container == nil:
		return nil, fault.New(codes.FailedPrecondition, "not_created", "there is no container yet")
	case a.state != pb.ContainerState_CONTAINER_STATE_CREATED || a.down:
		return nil, fault.New(codes.FailedPrecondition, "already_started", "the container was started before")
	}
	c, group := a.container, a.init.Group()
	err := a.init.Start(0, func(files [3]*os.File, exited func(syscall.WaitStatus)) (int, error) {
		return c.LaunchInit(files, group, func(s syscall.WaitStatus) {
			a.initExited()
			exited(s)
		})
	})
	if err != nil {
		return nil, err
	}
	a.state = pb.ContainerState_CONTAINER_STATE_RUNNING
	return &pb.StartContainerResponse{Pid: uint32(a.init.PID())}, nil
}

func (a *Agent) initExited() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.state = pb.ContainerState_CONTAINER_STATE_EXITED
}

// containerEnded is told that PID 1 is gone, by whatever cause: everything else died with it.
func (a *Agent) containerEnded() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.state != pb.ContainerState_CONTAINER_STATE_NONE {
		a.state = pb.ContainerState_CONTAINER_STATE_EXITED
	}
}

// Shutdown ends the container and leaves the disks clean; the VM goes once this is answered. It goes
// on when its caller has gone, and whoever calls again waits for the same end.
func (a *Agent) Shutdown(ctx context.Context, r *pb.ShutdownRequest) (*pb.ShutdownResponse, error) {
	a.mu.Lock()
	if a.creating {
		a.mu.Unlock()
		return nil, fault.New(codes.FailedPrecondition, "shutting_down", "the VM is busy creating the container")
	}
	if !a.down {
		a.down = true
		go a.shutDown(time.Duration(min(r.GraceMs, math.MaxInt32)) * time.Millisecond)
	}
	a.mu.Unlock()
	select {
	case <-a.powerOff:
		return a.downResult, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (a *Agent) shutDown(grace time.Duration) {
	a.mu.Lock()
	c, p, root, sig := a.container, a.init, a.root, a.stopSignal
	running := a.state == pb.ContainerState_CONTAINER_STATE_RUNNING
	a.mu.Unlock()
	a.downResult = &pb.ShutdownResponse{}
	if c != nil {
		if running && grace > 0 && p.Signal(sig) == nil {
			select {
			case <-c.Ended():
			case <-time.After(grace):
			}
		}
		c.Kill()
		<-c.Ended()
		p.WaitExit(context.Background())
		a.downResult.InitExit = exitOf(p.Exit())
		if err := errors.Join(c.Leave(), root.Unmount()); err != nil {
			log.Print("shutdown: ", err)
		}
	}
	unix.Sync()
	close(a.powerOff)
}
