// Package copying moves files into and out of the container as tar streams.
package copying

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	pb "boxlite.io/native/internal/agentpb"
	"boxlite.io/native/internal/fault"
)

const (
	// Window is how many chunks beyond the last acknowledged one may be under way.
	Window   = 16
	maxChunk = 64 << 10
	maxZeros = 16 << 20
)

// zeros is what holes of files are written from: a ChunkWriter knows it by its address.
var zeros [1 << 20]byte

// ChunkWriter cuts a stream into chunks, and does not send zeros as such. Its user is one goroutine,
// Acknowledge is for another.
type ChunkWriter struct {
	ctx         context.Context
	send        func(*pb.CopyChunk) error
	data        []byte
	zeros       int // after data
	sent, acked atomic.Uint64
	news        chan struct{}
}

// NewChunkWriter makes a writer to send.
func NewChunkWriter(ctx context.Context, send func(*pb.CopyChunk) error) *ChunkWriter {
	return &ChunkWriter{ctx: ctx, send: send, data: make([]byte, 0, maxChunk), news: make(chan struct{}, 1)}
}

// Acknowledge says that the other side has consumed that many chunks.
func (w *ChunkWriter) Acknowledge(chunks uint64) error {
	if acked, sent := w.acked.Load(), w.sent.Load(); chunks < acked || chunks > sent {
		return fault.Invalid("copy: acknowledges %d of %d chunks after %d", chunks, sent, acked)
	}
	w.acked.Store(chunks)
	select {
	case w.news <- struct{}{}:
	default:
	}
	return nil
}

func (w *ChunkWriter) Write(b []byte) (int, error) {
	if len(b) > 0 && &b[0] == &zeros[0] {
		if w.zeros+len(b) > maxZeros {
			if err := w.Flush(); err != nil {
				return 0, err
			}
		}
		w.zeros += len(b)
		return len(b), nil
	}
	for n := 0; n < len(b); {
		if w.zeros > 0 || len(w.data) == maxChunk {
			if err := w.Flush(); err != nil {
				return n, err
			}
		}
		count := min(len(b)-n, maxChunk-len(w.data))
		w.data = append(w.data, b[n:n+count]...)
		n += count
	}
	return len(b), nil
}

// Flush sends what has been written.
func (w *ChunkWriter) Flush() error {
	if len(w.data) > 0 {
		if err := w.put(&pb.CopyChunk{Content: &pb.CopyChunk_Data{Data: w.data}}); err != nil {
			return err
		}
		w.data = w.data[:0]
	}
	if w.zeros > 0 {
		if err := w.put(&pb.CopyChunk{Content: &pb.CopyChunk_Zeros{Zeros: uint32(w.zeros)}}); err != nil {
			return err
		}
		w.zeros = 0
	}
	return nil
}

func (w *ChunkWriter) put(chunk *pb.CopyChunk) error {
	for w.sent.Load()-w.acked.Load() >= Window {
		select {
		case <-w.news:
		case <-w.ctx.Done():
			return context.Cause(w.ctx)
		}
	}
	if err := w.ctx.Err(); err != nil {
		return context.Cause(w.ctx)
	}
	w.sent.Add(1) // before it can be acknowledged
	return w.send(chunk)
}

// ChunkReader makes one stream of chunks.
type ChunkReader struct {
	// Next returns the next chunk, or io.EOF.
	Next func() (*pb.CopyChunk, error)
	// Consumed is told how many chunks have been read.
	Consumed func(chunks uint64) error

	chunks uint64
	data   []byte
	zeros  int
}

func (r *ChunkReader) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for len(r.data) == 0 && r.zeros == 0 {
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	if len(r.data) > 0 {
		n := copy(b, r.data)
		r.data = r.data[n:]
		return n, nil
	}
	n := min(len(b), r.zeros)
	clear(b[:n])
	r.zeros -= n
	return n, nil
}

func (r *ChunkReader) next() error {
	if r.chunks > 0 {
		if err := r.Consumed(r.chunks); err != nil {
			return err
		}
	}
	chunk, err := r.Next()
	if err != nil {
		return err
	}
	r.chunks++
	switch c := chunk.GetContent().(type) {
	case *pb.CopyChunk_Data:
		r.data = c.Data
	case *pb.CopyChunk_Zeros:
		r.zeros = int(c.Zeros)
	}
	if len(r.data) > maxChunk || r.zeros > maxZeros || len(r.data)+r.zeros == 0 {
		return fault.Invalid("copy: a chunk of %d bytes", len(r.data)+r.zeros)
	}
	return nil
}

// Drain reads to the end.
func (r *ChunkReader) Drain() error {
	_, err := io.Copy(io.Discard, struct{ io.Reader }{r})
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
