package agent

import (
	"context"
	"log"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	pb "boxlite.io/native/internal/agentpb"
	"boxlite.io/native/internal/fault"
)

// stillLimit is how long a box stands still at most, whatever the host does.
const stillLimit = 15 * time.Second

// StandStill freezes the container and then its disk's file system until the caller has had enough.
func (a *Agent) StandStill(_ *pb.StandStillRequest, stream grpc.ServerStreamingServer[pb.StandStillResponse]) error {
	tooLong := fault.New(codes.FailedPrecondition, "timeout", "the box stood still for %v", stillLimit)
	limited, release := context.WithTimeoutCause(stream.Context(), stillLimit, tooLong)
	defer release()
	ctx, cancel := context.WithCancelCause(limited)
	defer cancel(nil)
	e := &export{cancel, make(chan struct{})}
	root, err := a.beginExport(e)
	if err != nil {
		return err
	}
	defer a.endExport(e)

	a.still.Lock()
	defer a.still.Unlock()
	defer func() {
		if err := a.groups.box.Thaw(); err != nil {
			log.Print("thaw: ", err)
		}
	}()
	if err := a.freeze(ctx); err != nil {
		return err
	}
	thaw, err := root.Freeze()
	if err != nil {
		return err
	}
	once := sync.OnceFunc(thaw)
	defer once()
	// Also when the answer cannot be sent because nobody reads.
	stop := context.AfterFunc(ctx, once)
	defer stop()
	if err := stream.Send(&pb.StandStillResponse{}); err != nil {
		return err
	}
	<-ctx.Done()
	return context.Cause(ctx)
}
