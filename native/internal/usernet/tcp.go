package usernet

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

const (
	dialLimit = 10 * time.Second
	peekLimit = 10 * time.Second
	maxPeek   = 16 << 10
)

var errDenied = errors.New("denied")

// tcpRequest is called, on a goroutine of its own, for each connection that the guest begins.
func (n *Network) tcpRequest(r *tcp.ForwarderRequest) {
	id := r.ID()
	to := netip.AddrPortFrom(netip.AddrFrom4(id.LocalAddress.As4()), id.LocalPort)
	if to.Addr() == Gateway && to.Port() == dnsPort {
		n.dnsOverTCP(r)
		return
	}
	if to.Addr() != Alias && never(to.Addr()) {
		r.Complete(true)
		return
	}
	f, err := n.begin("tcp", to.Addr().String(), to.Port())
	if err != nil {
		n.policy.denied("tcp", to.Addr().String(), to.Port(), err.Error())
		r.Complete(true)
		return
	}
	n.figures.TCPConnections.Add(1)
	err = n.connect(f, to, r)
	if err != nil && err != errDenied {
		n.figures.TCPErrors.Add(1)
	}
	n.end(f, err)
}

func (n *Network) connect(f *flow, to netip.AddrPort, r *tcp.ForwarderRequest) error {
	a := n.policy.ask(n.ctx, question{ID: f.id, Kind: "tcp", Address: f.address, Port: f.port}, answerLimit)
	if a.Verdict != "peek" {
		host, err := n.dial(f, to, a)
		if err != nil {
			r.Complete(true)
			return err
		}
		guest, err := n.accept(f, r)
		if err != nil {
			host.Close()
			return err
		}
		return n.join(f, guest, host)
	}
	guest, err := n.accept(f, r)
	if err != nil {
		return err
	}
	n.decided(f, a.Tag)
	f.onCut(guest.endpoint.Abort)
	first, a := n.peek(f, guest, a)
	host, err := n.dial(f, to, a)
	if err != nil {
		guest.endpoint.Abort()
		return err
	}
	if len(first) > 0 {
		f.sent.Add(int64(len(first)))
		if _, err := host.Write(first); err != nil {
			guest.endpoint.Abort()
			host.Close()
			return err
		}
	}
	return n.join(f, guest, host)
}

// peek collects what the guest sends first until the supervisor has decided by it.
func (n *Network) peek(f *flow, guest *guestConn, a answer) ([]byte, answer) {
	limit := peekLimit
	if a.WaitMS > 0 {
		limit = min(limit, time.Duration(a.WaitMS)*time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(n.ctx, limit)
	defer cancel()
	var first []byte
	for {
		more, err := guest.readOnce(ctx, maxPeek-len(first))
		first = append(first, more...)
		last := err != nil || len(first) >= maxPeek
		a = n.policy.ask(n.ctx, question{ID: n.policy.id(), Kind: "name", Flow: f.id, Data: first}, answerLimit)
		switch {
		case a.Verdict != "more":
			return first, a
		case last:
			return first, answer{Verdict: "deny"}
		}
	}
}

// readOnce waits for something.
func (c *guestConn) readOnce(ctx context.Context, most int) ([]byte, error) {
	entry, readable := waiter.NewChannelEntry(waiter.ReadableEvents | waiter.EventHUp | waiter.EventErr)
	c.queue.EventRegister(&entry)
	defer c.queue.EventUnregister(&entry)
	for {
		buf := make([]byte, most)
		w := tcpip.SliceWriter(buf)
		result, err := c.endpoint.Read(&w, tcpip.ReadOptions{})
		switch err.(type) {
		case nil:
			return buf[:result.Count], nil
		case *tcpip.ErrWouldBlock:
			select {
			case <-readable:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		default:
			return nil, io.EOF
		}
	}
}

// dial does what an answer says.
func (n *Network) dial(f *flow, to netip.AddrPort, a answer) (hostConn, error) {
	target, err := n.target(f.kind, to, a)
	if err != nil {
		return nil, err
	}
	n.decided(f, a.Tag)
	ctx, cancel := context.WithTimeout(n.ctx, dialLimit)
	defer cancel()
	f.onCut(cancel)
	if a.Verdict == "proxy" {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "unix", a.Socket)
		if err != nil {
			return nil, err
		}
		if _, err := io.WriteString(conn, a.Header+"\n"); err != nil {
			conn.Close()
			return nil, err
		}
		return conn.(*net.UnixConn), nil
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp4", target.String())
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

// target is where a flow goes by an answer, checked.
func (n *Network) target(kind string, to netip.AddrPort, a answer) (netip.AddrPort, error) {
	switch a.Verdict {
	case "dial":
		address, err := netip.ParseAddr(a.Address)
		if err != nil {
			return to, err
		}
		alias := to.Addr() == Alias && address.IsLoopback() && address.Is4()
		if a.Port == 0 || !alias && (never(address) || address.IsLoopback()) {
			break
		}
		return netip.AddrPortFrom(address, a.Port), nil
	case "proxy":
		if kind == "tcp" && a.Socket != "" {
			return to, nil
		}
	case byDefault:
		if !n.policy.allows() {
			n.policy.denied(kind, to.Addr().String(), to.Port(), "no supervisor")
			return to, errDenied
		}
		if to.Addr() == Alias {
			return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), to.Port()), nil
		}
		if !never(to.Addr()) && !to.Addr().IsLoopback() && !to.Addr().IsLinkLocalUnicast() {
			return to, nil
		}
	}
	n.figures.Denials.Add(1)
	return to, errDenied
}

// accept ends the guest's handshake.
func (n *Network) accept(f *flow, r *tcp.ForwarderRequest) (*guestConn, error) {
	guest := &guestConn{queue: new(waiter.Queue)}
	endpoint, err := r.CreateEndpoint(guest.queue)
	r.Complete(err != nil)
	if err != nil {
		return nil, errors.New(err.String())
	}
	guest.endpoint = endpoint
	n.own(f, endpoint)
	return guest, nil
}

// dialGuest connects to a port of the guest, from the gateway.
func (n *Network) dialGuest(ctx context.Context, f *flow, port uint16) (*guestConn, error) {
	guest := &guestConn{queue: new(waiter.Queue)}
	endpoint, err := n.stack.NewEndpoint(tcp.ProtocolNumber, ipv4.ProtocolNumber, guest.queue)
	if err != nil {
		return nil, errors.New(err.String())
	}
	guest.endpoint = endpoint
	n.own(f, endpoint)
	entry, done := waiter.NewChannelEntry(waiter.WritableEvents | waiter.EventHUp | waiter.EventErr)
	guest.queue.EventRegister(&entry)
	defer guest.queue.EventUnregister(&entry)
	if err := endpoint.Bind(tcpip.FullAddress{NIC: nic, Addr: address(Gateway)}); err != nil {
		endpoint.Close()
		return nil, errors.New(err.String())
	}
	err = endpoint.Connect(tcpip.FullAddress{NIC: nic, Addr: address(Guest), Port: port})
	if _, started := err.(*tcpip.ErrConnectStarted); started {
		select {
		case <-done:
			err = endpoint.LastError()
		case <-ctx.Done():
			endpoint.Abort()
			return nil, errors.New("the box does not answer")
		}
	}
	if err != nil {
		endpoint.Close()
		return nil, errors.New(err.String())
	}
	return guest, nil
}
