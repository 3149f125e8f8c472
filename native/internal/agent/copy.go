package agent

import (
	"context"
	"errors"
	"io"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	pb "boxlite.io/native/internal/agentpb"
	"boxlite.io/native/internal/copying"
	"boxlite.io/native/internal/fault"
	"boxlite.io/native/internal/inroot"
	"boxlite.io/native/internal/userdb"
)

// copyOn runs a copy until it has ended or the container is to go.
func (a *Agent) copyOn(parent context.Context, copy func(context.Context, inroot.Root, userdb.Identity) error) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	a.mu.Lock()
	if a.container == nil || a.down || a.state == pb.ContainerState_CONTAINER_STATE_EXITED {
		a.mu.Unlock()
		return fault.New(codes.FailedPrecondition, "not_created", "there is no container")
	}
	c := a.container
	a.copies.Add(1)
	a.mu.Unlock()
	defer a.copies.Done()
	stop := context.AfterFunc(a.copiesEnd, func() {
		cancel(fault.New(codes.FailedPrecondition, "not_running", "the VM shuts down"))
	})
	defer stop()
	root, user, err := c.Files()
	if err != nil {
		return err
	}
	defer unix.Close(int(root))
	return copy(ctx, root, user)
}

// opening waits for the message that says what to copy.
func opening[R interface{ GetOpen() *O }, O any](receive func() (R, error)) (*O, error) {
	first, err := receive()
	if err != nil {
		return nil, err
	}
	open := first.GetOpen()
	if open == nil {
		return nil, fault.Invalid("copy: the first message must open it")
	}
	return open, nil
}

// CopyIn unpacks a tar in the container.
func (a *Agent) CopyIn(stream grpc.BidiStreamingServer[pb.CopyInRequest, pb.CopyInResponse]) error {
	open, err := opening(stream.Recv)
	if err != nil {
		return err
	}
	return a.copyOn(stream.Context(), func(ctx context.Context, root inroot.Root, user userdb.Identity) error {
		in := &copying.ChunkReader{
			Next: func() (*pb.CopyChunk, error) { return a.nextChunk(ctx, stream) },
			Consumed: func(chunks uint64) error {
				return stream.Send(&pb.CopyInResponse{Response: &pb.CopyInResponse_Acked{Acked: chunks}})
			},
		}
		err := copying.Unpack(ctx, in, root, copying.UnpackOptions{
			Path: open.Path, NoOverwrite: open.NoOverwrite, RenameTop: open.RenameTop,
			UID: int(user.UID), GID: int(user.GID),
			Warn: func(text string) error {
				return stream.Send(&pb.CopyInResponse{Response: &pb.CopyInResponse_Warning{Warning: text}})
			},
		})
		if err != nil {
			return err
		}
		return in.Drain() // what follows the end of the archive
	})
}

// nextChunk waits for a chunk, and for the container not to stand still: an export wants it unchanged.
func (a *Agent) nextChunk(ctx context.Context, stream grpc.BidiStreamingServer[pb.CopyInRequest, pb.CopyInResponse]) (*pb.CopyChunk, error) {
	type received struct {
		r   *pb.CopyInRequest
		err error
	}
	next := make(chan received, 1)
	go func() {
		r, err := stream.Recv()
		next <- received{r, err}
	}()
	select {
	case n := <-next:
		if n.err != nil {
			return nil, n.err
		}
		if n.r.GetChunk() == nil {
			return nil, fault.Invalid("copy: a message without a chunk")
		}
		a.still.RLock()
		defer a.still.RUnlock()
		return n.r.GetChunk(), nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// CopyOut sends files of the container as a tar.
func (a *Agent) CopyOut(stream grpc.BidiStreamingServer[pb.CopyOutRequest, pb.CopyOutResponse]) error {
	open, err := opening(stream.Recv)
	if err != nil {
		return err
	}
	return a.copyOn(stream.Context(), func(ctx context.Context, root inroot.Root, _ userdb.Identity) error {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		out := copying.NewChunkWriter(ctx, func(chunk *pb.CopyChunk) error {
			return stream.Send(&pb.CopyOutResponse{Chunk: chunk})
		})
		go func() {
			for {
				r, err := stream.Recv()
				if errors.Is(err, io.EOF) {
					return
				}
				if err == nil {
					err = out.Acknowledge(r.GetAcked())
				}
				if err != nil {
					cancel(err)
					return
				}
			}
		}()
		err := copying.Pack(ctx, out, root, copying.PackOptions{
			Path: open.Path, Recursive: open.Recursive, FollowSymlinks: open.FollowSymlinks, IncludeParent: open.IncludeParent,
		})
		if err == nil {
			err = out.Flush()
		}
		return err
	})
}
