package usernet

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

var errMany = errors.New("too many connections")

// flow is a TCP connection or UDP association of the guest.
type flow struct {
	id      uint64
	kind    string
	address string
	port    uint16
	tag     string // of the supervisor, once it is allowed; guarded by the network

	guest tcpip.Endpoint // of TCP, once there is one; guarded by the network

	sent, received atomic.Int64 // by the guest

	mu     sync.Mutex
	gone   bool
	ending []func()
}

// begin takes a flow into the books. Its number is that of the question about it.
func (n *Network) begin(kind, address string, port uint16) (*flow, error) {
	f := &flow{id: n.policy.id(), kind: kind, address: address, port: port}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.flows) >= n.limit {
		return nil, errMany
	}
	n.flows[f.id] = f
	n.sized(len(n.flows))
	return f, nil
}

// decided notes what the supervisor calls a flow that it has allowed.
func (n *Network) decided(f *flow, tag string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f.tag = tag
}

// end takes it out again.
func (n *Network) end(f *flow, failure error) {
	f.over()
	n.mu.Lock()
	delete(n.flows, f.id)
	n.sized(len(n.flows))
	n.mu.Unlock()
	if f.tag == "" {
		return
	}
	message := closedMessage{Flow: f.id, Tag: f.tag, Sent: f.sent.Load(), Received: f.received.Load()}
	if failure != nil {
		message.Error = failure.Error()
	}
	n.policy.tell(message)
}

func (n *Network) openFlows() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.flows)
}

// onCut has something done when the flow is to end at once; at once, when it was.
func (f *flow) onCut(do func()) {
	f.mu.Lock()
	gone := f.gone
	if !gone {
		f.ending = append(f.ending, do)
	}
	f.mu.Unlock()
	if gone {
		do()
	}
}

// cut ends the flow at once.
func (f *flow) cut() {
	for _, do := range f.over() {
		do()
	}
}

// over notes that the flow has ended, and returns what was to be done if it were cut.
func (f *flow) over() []func() {
	f.mu.Lock()
	defer f.mu.Unlock()
	ending := f.ending
	f.gone, f.ending = true, nil
	return ending
}

// guestConn is the guest's end of a TCP connection.
type guestConn struct {
	endpoint tcpip.Endpoint
	queue    *waiter.Queue
}

// read waits for something before it takes a buffer.
func (c *guestConn) read(ctx context.Context, pool func() *sync.Pool, use func([]byte) error) error {
	entry, readable := waiter.NewChannelEntry(waiter.ReadableEvents | waiter.EventHUp | waiter.EventErr)
	c.queue.EventRegister(&entry)
	defer c.queue.EventUnregister(&entry)
	for {
		from := pool()
		buf := from.Get().(*[]byte)
		w := tcpip.SliceWriter(*buf)
		result, err := c.endpoint.Read(&w, tcpip.ReadOptions{})
		var failure error
		if err == nil {
			failure = use((*buf)[:result.Count])
		}
		from.Put(buf)
		switch err.(type) {
		case nil:
			if failure != nil {
				return failure
			}
		case *tcpip.ErrWouldBlock:
			select {
			case <-readable:
			case <-ctx.Done():
				return ctx.Err()
			}
		case *tcpip.ErrClosedForReceive:
			return io.EOF
		default:
			return errors.New(err.String())
		}
	}
}

type payload struct{ rest []byte }

func (p *payload) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

func (p *payload) Len() int { return len(p.rest) }

func (c *guestConn) write(ctx context.Context, b []byte) error {
	p := &payload{b}
	var writable chan struct{}
	for len(p.rest) > 0 {
		before := p.rest
		count, err := c.endpoint.Write(p, tcpip.WriteOptions{})
		p.rest = before[count:]
		switch err.(type) {
		case nil:
		case *tcpip.ErrWouldBlock:
			if writable == nil {
				var entry waiter.Entry
				entry, writable = waiter.NewChannelEntry(waiter.WritableEvents | waiter.EventHUp | waiter.EventErr)
				c.queue.EventRegister(&entry)
				defer c.queue.EventUnregister(&entry)
				continue // it may have become writable before
			}
			select {
			case <-writable:
			case <-ctx.Done():
				return ctx.Err()
			}
		default:
			return errors.New(err.String())
		}
	}
	return nil
}

// hostConn is the host's end: TCP or a Unix socket.
type hostConn interface {
	net.Conn
	CloseWrite() error
}

// readHost waits for something before it takes a buffer.
func readHost(conn hostConn, pool func() *sync.Pool, use func([]byte) error) error {
	raw, err := rawConn(conn)
	if err != nil {
		return err
	}
	for {
		from, count := (*sync.Pool)(nil), 0
		var buf *[]byte
		var failure error
		err := raw.Read(func(fd uintptr) bool {
			from = pool()
			buf = from.Get().(*[]byte)
			count, failure = readNow(fd, *buf)
			if failure == errAgain {
				from.Put(buf)
				return false
			}
			return true
		})
		if err != nil {
			return err
		}
		if failure == nil && count == 0 {
			failure = io.EOF
		} else if failure == nil {
			failure = use((*buf)[:count])
		}
		from.Put(buf)
		if failure != nil {
			return failure
		}
	}
}

// join moves bytes both ways until both have ended; each way may end by itself.
func (n *Network) join(f *flow, guest *guestConn, host hostConn) error {
	ctx, cancel := context.WithCancel(n.ctx)
	defer cancel()
	f.onCut(func() {
		cancel()
		guest.endpoint.Abort()
		if tcp, ok := host.(*net.TCPConn); ok {
			tcp.SetLinger(0) // a reset here is one there
		}
		host.Close()
	})
	back := make(chan error, 1)
	go func() {
		err := readHost(host, n.pool, func(b []byte) error {
			if err := wait(ctx, n.toGuest.Load(), len(b)); err != nil {
				return err
			}
			f.received.Add(int64(len(b)))
			return guest.write(ctx, b)
		})
		if err == io.EOF {
			guest.endpoint.Shutdown(tcpip.ShutdownWrite)
			err = nil
		} else {
			f.cut()
		}
		back <- err
	}()
	err := guest.read(ctx, n.pool, func(b []byte) error {
		if err := wait(ctx, n.fromGuest.Load(), len(b)); err != nil {
			return err
		}
		f.sent.Add(int64(len(b)))
		_, err := host.Write(b)
		return err
	})
	if err == io.EOF {
		host.CloseWrite()
	} else {
		f.cut()
	}
	<-back
	guest.endpoint.Close()
	host.Close()
	return nil
}

// wait keeps to a rate.
func wait(ctx context.Context, limiter *rate.Limiter, bytes int) error {
	if limiter == nil {
		return nil
	}
	for bytes > 0 {
		part := min(bytes, limiter.Burst())
		if err := limiter.WaitN(ctx, part); err != nil {
			return err
		}
		bytes -= part
	}
	return nil
}

// within says whether a rate has room for a datagram now. One that has to wait would hold memory.
func within(limiter *rate.Limiter, bytes int) bool {
	return limiter == nil || limiter.AllowN(time.Now(), bytes)
}
