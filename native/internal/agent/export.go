package agent

import (
	"bufio"
	"context"
	"errors"
	"log"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	pb "boxlite.io/native/internal/agentpb"
	"boxlite.io/native/internal/changes"
	"boxlite.io/native/internal/container"
	"boxlite.io/native/internal/fault"
	"boxlite.io/native/internal/process"
	"boxlite.io/native/internal/rootfs"
)

// freezePatience is how long processes may take to stand still; those that wait for a disk cannot yet.
const freezePatience = 10 * time.Second

// exportPatience is how long a shutdown waits for an export that was told to end.
const exportPatience = time.Second

type exportStream = grpc.BidiStreamingServer[pb.ExportChangesRequest, pb.ExportChangesResponse]

// export is one call of ExportChanges.
type export struct {
	cancel context.CancelCauseFunc // lets the container go on at once
	over   chan struct{}           // closed when it uses nothing of the disk any more
}

// end ends the export and waits for that, but not for a supervisor that does not listen.
func (e *export) end(why error) {
	e.cancel(why)
	select {
	case <-e.over:
	case <-time.After(exportPatience):
	}
}

// ExportChanges sends what the box has changed of its layers while the container stands still.
func (a *Agent) ExportChanges(stream exportStream) error {
	if _, err := stream.Recv(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	e := &export{cancel, make(chan struct{})}
	root, err := a.beginExport(e)
	if err != nil {
		return err
	}
	defer a.endExport(e)

	a.still.Lock()
	defer a.still.Unlock()
	thaw := sync.OnceFunc(func() {
		if err := a.groups.box.Thaw(); err != nil {
			log.Print("thaw: ", err)
		}
	})
	defer thaw()
	// Wherever the export is when nobody wants it any more.
	stop := context.AfterFunc(ctx, thaw)
	defer stop()
	if err := a.freeze(ctx); err != nil {
		return err
	}
	return a.withoutTrust(root.Root(), func() error { return sendChanges(ctx, cancel, stream, root) })
}

func sendChanges(ctx context.Context, cancel context.CancelCauseFunc, stream exportStream, root *rootfs.Mounted) error {
	if err := root.Sync(); err != nil {
		return err
	}
	out := &ackedWriter{ctx: ctx, stream: stream, news: make(chan struct{}, 1)}
	go out.takeAcks(cancel)
	buffered := bufio.NewWriterSize(out, maxChunk)
	err := changes.Write(ctx, buffered, root.Upper(), container.Made)
	if err == nil {
		err = buffered.Flush()
	}
	if errors.Is(err, changes.ErrNotRepresentable) {
		return fault.New(codes.FailedPrecondition, "not_representable", "%v", err)
	}
	return err
}

// beginExport takes the one place; whose call the host has just ended may need a moment to give it back.
func (a *Agent) beginExport(e *export) (*rootfs.Mounted, error) {
	root, before, err := a.tryExport(e)
	if before == nil {
		return root, err
	}
	select {
	case <-before.over:
	case <-time.After(exportPatience):
	}
	root, _, err = a.tryExport(e)
	return root, err
}

// tryExport also tells who has the place.
func (a *Agent) tryExport(e *export) (*rootfs.Mounted, *export, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.root == nil || a.down:
		return nil, nil, fault.New(codes.FailedPrecondition, "not_created", "there is no container")
	case a.export != nil:
		return nil, a.export, fault.New(codes.FailedPrecondition, "busy", "another export is under way")
	}
	a.export = e
	return a.root, nil, nil
}

func (a *Agent) endExport(e *export) {
	a.mu.Lock()
	a.export = nil
	a.mu.Unlock()
	close(e.over)
}

func (a *Agent) freeze(ctx context.Context) error {
	tooLong := fault.New(codes.FailedPrecondition, "busy", "processes of the box did not stand still within %v", freezePatience)
	limited, cancel := context.WithTimeoutCause(ctx, freezePatience, tooLong)
	defer cancel()
	return a.groups.box.Freeze(limited)
}

// ackedWriter sends what is written, at most process.Window bytes beyond what was acknowledged: so
// that bytes nobody takes do not fill the window that all streams of the connection share.
type ackedWriter struct {
	ctx    context.Context
	stream exportStream

	sent, acked atomic.Uint64
	news        chan struct{} // told of an acknowledgement
}

// Write sends chunks; b may be changed when it returns.
func (w *ackedWriter) Write(b []byte) (int, error) {
	for n := 0; n < len(b); {
		chunk := b[n:min(len(b), n+maxChunk)]
		for w.sent.Load()+uint64(len(chunk)) > w.acked.Load()+process.Window {
			select {
			case <-w.news:
			case <-w.ctx.Done():
				return n, context.Cause(w.ctx)
			}
		}
		w.sent.Add(uint64(len(chunk))) // before it can be acknowledged
		if err := w.stream.Send(&pb.ExportChangesResponse{Data: chunk}); err != nil {
			return n, err
		}
		n += len(chunk)
	}
	return len(b), nil
}

// takeAcks reads what the supervisor sends; when that ends, or breaks a rule, the export ends.
func (w *ackedWriter) takeAcks(cancel context.CancelCauseFunc) {
	for {
		r, err := w.stream.Recv()
		if err != nil {
			cancel(context.Canceled)
			return
		}
		if acked, sent := w.acked.Load(), w.sent.Load(); r.Offset < acked || r.Offset > sent {
			cancel(fault.Invalid("export: acknowledges %d of %d bytes after %d", r.Offset, sent, acked))
			return
		}
		w.acked.Store(r.Offset)
		select {
		case w.news <- struct{}{}:
		default:
		}
	}
}
