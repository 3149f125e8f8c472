// Package agent answers the calls of the supervisor: it is the service of agent.proto.
package agent

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log"
	"math"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"

	pb "boxlite.io/native/internal/agentpb"
	"boxlite.io/native/internal/boot"
	"boxlite.io/native/internal/caps"
	"boxlite.io/native/internal/cgroup"
	"boxlite.io/native/internal/container"
	"boxlite.io/native/internal/fault"
	"boxlite.io/native/internal/portal"
	"boxlite.io/native/internal/process"
	"boxlite.io/native/internal/rootfs"
	"boxlite.io/native/internal/trust"
	"boxlite.io/native/internal/volumefs"
)

// Version of the agent, set by the linker.
var Version = "dev"

// Agent is the state of the VM's one agent.
type Agent struct {
	pb.UnimplementedAgentServiceServer
	table     *process.Table
	instance  string
	connected func() bool
	powerOff  chan struct{} // closed when the container has ended and the disks are clean
	alone     chan struct{} // told that the host's end has closed

	disks   *rootfs.Disks
	lastCap int // the kernel's highest capability

	groups struct{ keeper, box cgroup.Group }
	// Of the next container; whoever has set creating owns them.
	seed    *container.Seed
	carrier *volumefs.Carrier // of its volumes; nil when it is yet to be started, or has been used

	mu         sync.Mutex
	prepared   bool
	creating   bool                 // the container, or a rehearsal of it
	down       bool                 // since the first Shutdown
	downResult *pb.ShutdownResponse // set before powerOff is closed
	state      pb.ContainerState
	root       *rootfs.Mounted
	container  *container.Container
	init       *process.Process
	stopSignal syscall.Signal
	sequence   int // of exec groups
	export     *export
	trusted    *trust.Authority // of the container; nil: none
	initEnv    []string

	copies    sync.WaitGroup  // under way; added to with mu
	copiesEnd context.Context // is over when they have to end
	endCopies context.CancelFunc

	// still is locked while the container stands still, and read-locked while a process is started: one
	// in a frozen group would hold up whoever forks it. It comes before mu.
	still sync.RWMutex
}

// New makes the agent; connected says whether somebody is at the portal's other end.
func New(connected func() bool) (*Agent, error) {
	a := &Agent{
		table: process.NewTable(), instance: newInstance(), connected: connected,
		powerOff: make(chan struct{}), alone: make(chan struct{}, 1), state: pb.ContainerState_CONTAINER_STATE_NONE,
	}
	a.copiesEnd, a.endCopies = context.WithCancel(context.Background())
	var err error
	if a.disks, err = rootfs.Find(); err != nil {
		return nil, err
	}
	if a.lastCap, err = caps.Last(); err != nil {
		return nil, err
	}
	if a.groups.keeper, err = (cgroup.Group{}).Make("agent"); err != nil {
		return nil, err
	}
	if err = a.groups.keeper.Add(os.Getpid()); err != nil {
		return nil, err
	}
	if a.groups.box, err = makeBoxGroup(); err != nil {
		return nil, err
	}
	return a, a.plant()
}

// plant starts the first process of the next container.
func (a *Agent) plant() (err error) {
	a.seed, err = container.Plant(a.table, a.groups.box, a.groups.keeper)
	return err
}

func newInstance() string {
	id := make([]byte, 16)
	rand.Read(id)
	return hex.EncodeToString(id)
}

// Serve answers calls until a Shutdown has been answered.
func (a *Agent) Serve(sessions *portal.Portal) {
	const window = 1 << 20
	server := grpc.NewServer(
		// Fixed windows: no probing. Back-pressure is counted per process, not here.
		grpc.InitialWindowSize(window), grpc.InitialConnWindowSize(4*window),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: math.MaxInt64}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
		grpc.ConnectionTimeout(time.Hour),
		grpc.UnaryInterceptor(a.guardUnary), grpc.StreamInterceptor(a.guardStream),
	)
	pb.RegisterAgentServiceServer(server, a)
	go func() {
		if err := server.Serve(sessions); err != nil {
			log.Print("serve: ", err)
		}
	}()
	<-a.powerOff
	// The host ends the VM, or at least hangs up, when it has the answer. The server is not stopped in
	// good order: its GOAWAY could overtake the answer, and the host would take it for a lost session.
	deadline := time.After(time.Second)
	for a.connected() {
		select {
		case <-deadline:
			return
		case <-a.alone:
		}
	}
}

func (a *Agent) guard(method string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.prepared {
		return nil
	}
	switch method {
	case pb.AgentService_Hello_FullMethodName, pb.AgentService_Prepare_FullMethodName, pb.AgentService_Rehearse_FullMethodName:
		return nil
	}
	return fault.New(codes.FailedPrecondition, "not_prepared", "the VM is not prepared yet")
}

func (a *Agent) guardUnary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if create, ok := request.(*pb.CreateContainerRequest); ok && create.Prepare != nil {
		if _, err := a.Prepare(ctx, create.Prepare); err != nil {
			return nil, known(err)
		}
	}
	if err := a.guard(info.FullMethod); err != nil {
		return nil, err
	}
	response, err := handler(ctx, request)
	return response, known(err)
}

func (a *Agent) guardStream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if err := a.guard(info.FullMethod); err != nil {
		return err
	}
	return known(handler(server, stream))
}

// known gives an error that has none a reason.
func known(err error) error {
	var f *fault.Fault
	if err == nil || errors.As(err, &f) || errors.Is(err, context.Canceled) {
		return err
	}
	return fault.New(codes.Internal, "internal", "%v", err)
}

// Hello says who answers.
func (a *Agent) Hello(_ context.Context, r *pb.HelloRequest) (*pb.HelloResponse, error) {
	if r.ProtocolVersion != portal.ProtocolVersion {
		return nil, fault.New(codes.FailedPrecondition, "protocol_mismatch",
			"the agent speaks protocol version %d, not %d", portal.ProtocolVersion, r.ProtocolVersion)
	}
	var uts unix.Utsname
	unix.Uname(&uts)
	a.mu.Lock()
	defer a.mu.Unlock()
	return &pb.HelloResponse{
		ProtocolVersion: portal.ProtocolVersion, AgentVersion: Version, AgentInstance: a.instance,
		KernelRelease:  unix.ByteSliceToString(uts.Release[:]),
		ContainerState: a.state, Prepared: a.prepared,
	}, nil
}

// Prepare makes the VM one of its own.
func (a *Agent) Prepare(_ context.Context, r *pb.PrepareRequest) (*pb.PrepareResponse, error) {
	switch {
	case len(r.Entropy) < 32 || len(r.Entropy) > 512:
		return nil, fault.Invalid("entropy: must have 32 to 512 bytes")
	case r.TimeUnixNanos <= 0:
		return nil, fault.Invalid("time: must be after 1970")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := errors.Join(
		boot.SetTime(time.Unix(0, r.TimeUnixNanos)),
		boot.AddEntropy(r.Entropy),
	); err != nil {
		return nil, err
	}
	// After the entropy: that of the template is the same in all VMs that were restored from it.
	a.instance, a.prepared = newInstance(), true
	return &pb.PrepareResponse{}, nil
}

// HostGone lets init go on, which must not hang because nobody listens, and a shutdown finish.
func (a *Agent) HostGone() {
	select {
	case a.alone <- struct{}{}:
	default:
	}
	a.mu.Lock()
	p, e := a.init, a.export
	a.mu.Unlock()
	if e != nil {
		e.cancel(context.Canceled) // before the next sync, which may never come, ends its stream
	}
	if p != nil {
		p.Reconsider()
	}
}

var work = filepath.Join(boot.Run, "box")
