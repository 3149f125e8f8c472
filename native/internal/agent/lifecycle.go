package agent

import (
	"context"
	"errors"
	"fmt"
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
	"boxlite.io/native/internal/rootfs"
)

const (
	maxLayers  = 127
	sectorSize = 512
	maxReserve = 48 << 20 // memory that is kept from the container
	maxSignal  = 64
)

var (
	containerIDPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
	hostnamePattern    = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?$`)
	machineIDPattern   = regexp.MustCompile(`^[0-9a-f]{32}$`)
)

// CreateContainer mounts the root file system and makes the container.
func (a *Agent) CreateContainer(ctx context.Context, r *pb.CreateContainerRequest) (*pb.CreateContainerResponse, error) {
	config, err := a.checkCreate(r)
	if err != nil {
		return nil, err
	}
	layers, err := extentsOf(r.Layers)
	if err != nil {
		return nil, err
	}
	if err := a.beginCreating(); err != nil {
		return nil, err
	}
	if err = a.create(ctx, r, config, layers); err != nil {
		err = errors.Join(err, a.replant())
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.creating = false
	if err != nil {
		return nil, err
	}
	a.state = pb.ContainerState_CONTAINER_STATE_CREATED
	return &pb.CreateContainerResponse{}, nil
}

// beginCreating reserves the agent for making a container, or for rehearsing it.
func (a *Agent) beginCreating() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.creating || a.down || a.state != pb.ContainerState_CONTAINER_STATE_NONE {
		return fault.New(codes.FailedPrecondition, "already_created", "the container has been created before")
	}
	a.creating = true
	return nil
}

func (a *Agent) checkCreate(r *pb.CreateContainerRequest) (config container.Config, err error) {
	switch {
	case !containerIDPattern.MatchString(r.ContainerId):
		return config, fault.Invalid("container id: must be 64 hex digits")
	case !hostnamePattern.MatchString(r.Hostname):
		return config, fault.Invalid("host name %.80q: not valid", r.Hostname)
	case !machineIDPattern.MatchString(r.MachineId):
		return config, fault.Invalid("machine id: must be 32 hex digits")
	case r.StopSignal > maxSignal:
		return config, fault.Invalid("stop signal %d: must be 1 to %d", r.StopSignal, maxSignal)
	}
	config.Hostname, config.Network = r.Hostname, r.Network
	if config.Init, err = specOf(r.Init); err != nil {
		return config, err
	}
	if config.Init.Dir == "" {
		config.Init.Dir = "/"
	}
	if config.Init.User == "" {
		config.Init.User = "0:0"
	}
	if config.Volumes, err = volumesOf(r.Volumes); err != nil {
		return config, err
	}
	if len(r.TrustedCertificates) > maxTrusted || len(r.CommonCertificates) > maxCommon {
		return config, fault.Invalid("certificates: at most %d and %d bytes", maxTrusted, maxCommon)
	}
	config.LastCap = a.lastCap
	if config.Caps, err = caps.Select(r.CapabilitiesAdd, r.CapabilitiesDrop, config.LastCap); err != nil {
		return config, fault.Invalid("%v", err)
	}
	return config, nil
}

// extentsOf checks where layers are said to be.
func extentsOf(layers []*pb.Layer) ([]rootfs.Extent, error) {
	if len(layers) < 1 || len(layers) > maxLayers {
		return nil, fault.Invalid("layers: must be 1 to %d", maxLayers)
	}
	extents := make([]rootfs.Extent, len(layers))
	for i, l := range layers {
		if l.Offset%sectorSize != 0 || l.Length%sectorSize != 0 || l.Length == 0 || l.Length > math.MaxInt64 || l.Offset > math.MaxInt64-l.Length {
			return nil, fault.Invalid("layer %d: %d bytes at %d: must be multiples of %d, and not empty", i, l.Length, l.Offset, sectorSize)
		}
		extents[i] = rootfs.Extent{Offset: l.Offset, Length: l.Length}
	}
	return extents, nil
}

// mountRoot mounts a root file system of the VM's disks.
func (a *Agent) mountRoot(work string, layers []rootfs.Extent, diskSize uint64) (*rootfs.Mounted, error) {
	root, err := a.disks.Mount(work, layers, diskSize)
	switch {
	case errors.Is(err, rootfs.ErrNoDisk):
		return nil, fault.New(codes.NotFound, "disk_not_found", "%v", err)
	case err != nil:
		return nil, fault.New(codes.FailedPrecondition, "mount_failed", "%v", err)
	}
	return root, nil
}

func (a *Agent) create(ctx context.Context, r *pb.CreateContainerRequest, config container.Config, layers []rootfs.Extent) (err error) {
	if err := boot.SetNames(r.Hostname, r.MachineId); err != nil {
		return err
	}
	if r.Network && !boot.HasNetwork() {
		return fault.New(codes.FailedPrecondition, "no_network_card", "the VM has no network card")
	}
	root, err := a.mountRoot(work, layers, r.DiskSize)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, root.Remove())
		}
	}()
	config.Rootfs, config.Work, config.MachineID = root.Root(), work, boot.MachineID
	if err := a.mountVolumes(&config); err != nil {
		return err
	}
	if err := fillVolumes(ctx, &config, r.Volumes); err != nil {
		return err
	}
	if err := installTrust(&config, r); err != nil {
		return err
	}
	config.OnEnd = a.containerEnded
	made, err := a.make(config)
	if err != nil {
		return err
	}
	if !r.Network { // last: it does not come back for another attempt
		if err := boot.DropNetwork(); err != nil {
			return errors.Join(fmt.Errorf("taking the network card away: %w", err), made.remove())
		}
	}
	o := optionsOf(r.ContainerId, r.Init, made.container)
	o.Lossy = func() bool { return !a.connected() }
	o.OnExit = made.container.Kill // with init the whole container ends
	o.Group = made.init
	p, err := a.table.Add(o)
	if err != nil {
		return errors.Join(err, made.remove())
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.root, a.container, a.init = root, made.container, p
	a.trusted = authorityOf(r)
	a.initEnv = config.Init.Env
	if a.stopSignal = syscall.Signal(r.StopSignal); a.stopSignal == 0 {
		a.stopSignal = unix.SIGTERM
	}
	return nil
}

// made is a container with the group of its main process.
type made struct {
	container *container.Container
	init      cgroup.Group
}

// make makes the container of the seed.
func (a *Agent) make(config container.Config) (m made, err error) {
	if a.seed == nil {
		return m, errors.New("the container's first process could not be started again")
	}
	seed := a.seed
	a.seed = nil
	if m.container, err = container.Create(seed, config); err != nil {
		return m, fault.New(codes.FailedPrecondition, "mount_failed", "%v", err)
	}
	if m.init, err = a.groups.box.Make("init"); err != nil && !os.IsExist(err) { // it exists if PID 1 becomes init
		return m, errors.Join(err, m.remove())
	}
	return m, nil
}

// remove ends the container and removes its groups.
func (m *made) remove() error {
	m.container.Kill()
	<-m.container.Ended()
	m.init.Remove() // gone already if its process has run
	return m.container.Leave()
}

// replant starts the first process of the next container when a container has used it up.
func (a *Agent) replant() error {
	if a.seed != nil {
		return nil
	}
	return a.plant()
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
	a.still.RLock()
	defer a.still.RUnlock()
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
	c, p, root, sig, e := a.container, a.init, a.root, a.stopSignal, a.export
	running := a.state == pb.ContainerState_CONTAINER_STATE_RUNNING
	a.mu.Unlock()
	a.downResult = &pb.ShutdownResponse{}
	if e != nil {
		e.end(fault.New(codes.FailedPrecondition, "not_running", "the VM shuts down"))
	}
	a.endCopies()
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
		a.copies.Wait() // they have the container's files open
		a.downResult.InitExit = exitOf(p.Exit())
		if err := errors.Join(c.Leave(), root.Unmount()); err != nil {
			log.Print("shutdown: ", err)
		}
	}
	unix.Sync()
	close(a.powerOff)
}
