package process

import (
	"context"
	"errors"
	"fmt"
)

// Why an attachment fails.
var (
	ErrReplaced      = errors.New("replaced by a newer attach")
	ErrStdinClosed   = errors.New("stdin was closed")
	ErrStdinOverflow = fmt.Errorf("more than %d bytes of stdin are under way", Window)
)

// Attachment is a supervisor's hold on the streams of a process; there is at most one.
type Attachment struct {
	p        *Process
	wake     chan struct{}
	sent     [2]uint64
	next     int    // stream that is looked at first, so that neither starves the other
	ackSent  uint64 // at first StdinOffset, which the supervisor takes for acknowledged
	replaced chan struct{}
	lent     *[chunk]byte // what the last Event's Data is in

	// As of the moment it was made:
	StdinOffset uint64
	StdinClosed bool
}

// Event is the next thing to tell the supervisor: output, else an exit, else a stdin
// acknowledgement.
type Event struct {
	Stream   int // 0 stdout, 1 stderr
	Offset   uint64
	Data     []byte // nil when it is not output; valid until the next call of Next
	Exit     *Exit
	StdinAck uint64
}

// Attach replaces the attachment that p has, if any.
func (p *Process) Attach() *Attachment {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.attachment != nil {
		close(p.attachment.replaced)
	}
	a := &Attachment{
		p: p, wake: make(chan struct{}, 1), replaced: make(chan struct{}),
		ackSent: p.accepted, StdinOffset: p.accepted, StdinClosed: p.eof,
	}
	p.attachment = a
	a.wakeUp()
	return a
}

// Close lets go of the process, which goes on.
func (a *Attachment) Close() {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	if a.p.attachment == a {
		a.p.attachment = nil
		a.p.changed.Broadcast()
	}
}

func (a *Attachment) wakeUp() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// Next waits for the next event. After an exit there is none.
func (a *Attachment) Next(ctx context.Context) (Event, error) {
	if a.lent != nil {
		buffers.Put(a.lent)
		a.lent = nil
	}
	for {
		if e, ok := a.poll(); ok {
			return e, nil
		}
		select {
		case <-a.wake:
		case <-a.replaced:
			return Event{}, ErrReplaced
		case <-ctx.Done():
			return Event{}, context.Cause(ctx)
		}
	}
}

func (a *Attachment) poll() (Event, bool) {
	p := a.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.written > a.ackSent {
		a.ackSent = p.written
		return Event{StdinAck: p.written}, true
	}
	for range 2 {
		i := a.next
		a.next = 1 - i
		if offset, b := p.out[i].from(a.sent[i], chunk); len(b) > 0 {
			a.sent[i] = offset + uint64(len(b))
			a.lent = buffers.Get().(*[chunk]byte)
			return Event{Stream: i, Offset: offset, Data: a.lent[:copy(a.lent[:], b)]}, true
		}
	}
	if p.exit != nil && p.pumping == 0 {
		return Event{Exit: p.exit}, true
	}
	return Event{}, false
}

// Ack frees output that the supervisor has consumed.
func (a *Attachment) Ack(stream int, offset uint64) error {
	p := a.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.released {
		return nil
	}
	err := p.out[stream].ack(offset)
	p.changed.Broadcast()
	return err
}

// Stdin takes bytes for the process. After a takeover the supervisor does not know how much of
// what was accepted is still under way, so twice the window is tolerated.
func (a *Attachment) Stdin(b []byte) error {
	p := a.p
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.attachment != a:
		return ErrReplaced
	case p.eof:
		return ErrStdinClosed
	case len(p.stdin)+len(b) > 2*Window:
		return ErrStdinOverflow
	}
	p.accepted += uint64(len(b))
	if p.gone {
		p.written = p.accepted
	} else {
		p.stdin = append(p.stdin, b...)
	}
	p.notify()
	return nil
}

// StdinEOF says that nothing more comes.
func (a *Attachment) StdinEOF() error {
	p := a.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.attachment != a {
		return ErrReplaced
	}
	p.eof = true
	p.notify()
	return nil
}
