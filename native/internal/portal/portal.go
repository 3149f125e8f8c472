package portal

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// maxUnread bounds what a session may have sent and not yet been read. HTTP/2's connection window,
// which the server sets to less, is the real limit; who exceeds this one breaks the protocol.
const maxUnread = 8 << 20

var (
	errSessionEnded = errors.New("portal: session ended by a newer one")
	errFlood        = errors.New("portal: peer ignores flow control")
)

// Device is the byte channel below a Portal. Its Write must be cut short by a write deadline.
type Device interface {
	io.ReadWriter
	SetWriteDeadline(t time.Time) error
}

// Portal is a net.Listener whose connections are the synchronised sessions of one device. At most
// one is alive.
type Portal struct {
	dev    Device
	accept chan *session

	writing sync.Mutex // held for a whole write to dev, so that writes of sessions do not mix

	current *session // nobody but Run uses it
	done    chan struct{}

	closing sync.Once
	closed  chan struct{}
}

// New makes a portal of a device; Run makes it work.
func New(dev Device) *Portal {
	return &Portal{dev: dev, accept: make(chan *session), done: make(chan struct{}), closed: make(chan struct{})}
}

// Run reads the device until that fails. It never waits for a session's reader or writer: only so
// can a sync be seen whatever the session before it was doing.
func (p *Portal) Run() error {
	defer close(p.done)
	var s scanner
	buf := make([]byte, 32<<10)
	for {
		n, err := p.dev.Read(buf)
		s.scan(buf[:n], p)
		if err != nil {
			p.end(err)
			return err
		}
	}
}

func (p *Portal) data(b []byte) {
	if p.current != nil {
		p.current.deliver(b)
	}
}

// desynced leaves the old session alive but without input: only a valid sync ends it.
func (p *Portal) desynced() {
	if p.current != nil {
		p.current.deaf = true
	}
}

func (p *Portal) synced(cookie string) {
	p.end(errSessionEnded)
	s := &session{portal: p, ended: make(chan struct{})}
	s.readable.L = &s.mu
	p.current = s
	go s.open(answer(cookie))
}

func (p *Portal) end(err error) {
	if p.current != nil {
		p.current.end(err)
		p.current = nil
	}
}

// Accept waits for the next session.
func (p *Portal) Accept() (net.Conn, error) {
	for {
		select {
		case s := <-p.accept:
			if !s.isEnded() {
				return s, nil
			}
		case <-p.done:
			return nil, net.ErrClosed
		case <-p.closed:
			return nil, net.ErrClosed
		}
	}
}

// Close makes Accept fail. The device stays open as long as the VM runs.
func (p *Portal) Close() error {
	p.closing.Do(func() { close(p.closed) })
	return nil
}

// Addr names the portal.
func (p *Portal) Addr() net.Addr { return addr{} }

type addr struct{}

func (addr) Network() string { return "virtio-serial" }
func (addr) String() string  { return "boxlite.portal" }

// session is one net.Conn of a Portal.
type session struct {
	portal *Portal
	deaf   bool // only the portal's Run uses it

	mu       sync.Mutex
	readable sync.Cond
	unread   []byte
	err      error // why it ended
	ended    chan struct{}
}

// open answers the sync and then offers the session to Accept. It is not done by Run, which must
// not block; a session that is ended meanwhile stops writing.
func (s *session) open(answer []byte) {
	if _, err := s.Write(answer); err != nil {
		return
	}
	select {
	case s.portal.accept <- s:
	case <-s.ended:
	}
}

func (s *session) deliver(b []byte) {
	if s.deaf {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	if len(s.unread)+len(b) > maxUnread {
		s.endLocked(errFlood)
		return
	}
	s.unread = append(s.unread, b...)
	s.readable.Signal()
}

func (s *session) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endLocked(err)
}

func (s *session) endLocked(err error) {
	if s.err != nil {
		return
	}
	s.err = err
	s.unread = nil
	close(s.ended)
	s.readable.Broadcast()
	// Wakes the session if it is the one that is blocked in a write. If another is, that one finds
	// itself alive and goes on.
	s.portal.dev.SetWriteDeadline(time.Unix(1, 0))
}

func (s *session) isEnded() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// Read returns what the peer sent within this session.
func (s *session) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.unread) == 0 && s.err == nil {
		s.readable.Wait()
	}
	if s.err != nil {
		return 0, s.err
	}
	n := copy(b, s.unread)
	if s.unread = s.unread[n:]; len(s.unread) == 0 {
		s.unread = nil
	}
	return n, nil
}

// Write sends b unless the session has ended; nothing is sent after that.
func (s *session) Write(b []byte) (int, error) {
	p := s.portal
	p.writing.Lock()
	defer p.writing.Unlock()
	written := 0
	for {
		// In this order: whoever ends the session first marks it and then sets the deadline.
		if err := p.dev.SetWriteDeadline(time.Time{}); err != nil {
			return written, err
		}
		if s.isEnded() {
			return written, errSessionEnded
		}
		n, err := p.dev.Write(b[written:])
		written += n
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return written, err
		}
	}
}

// Close ends the session for this side. The peer is not told: there is nothing below to tell it.
func (s *session) Close() error {
	s.end(net.ErrClosed)
	return nil
}

func (s *session) LocalAddr() net.Addr  { return addr{} }
func (s *session) RemoteAddr() net.Addr { return addr{} }

// Deadlines have no use here: a session that stalls lasts until the next sync and costs nothing.
func (s *session) SetDeadline(time.Time) error      { return nil }
func (s *session) SetReadDeadline(time.Time) error  { return nil }
func (s *session) SetWriteDeadline(time.Time) error { return nil }
