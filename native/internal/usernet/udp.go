package usernet

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
)

const (
	udpIdle    = 60 * time.Second
	dnsIdle    = 10 * time.Second
	refuseTime = 2 * time.Second // in which no further packet of a denied association is asked about
	maxPending = 16              // packets that wait for an answer
)

// association is a pair of UDP ports before and after its answer.
type association struct {
	pending []*stack.PacketBuffer
	denied  bool
}

var datagrams = sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}

// udpPacket is called for each packet of the guest that no socket here takes. It must not block.
func (n *Network) udpPacket(id stack.TransportEndpointID, packet *stack.PacketBuffer) bool {
	to := netip.AddrPortFrom(netip.AddrFrom4(id.LocalAddress.As4()), id.LocalPort)
	if to.Addr() != Alias && never(to.Addr()) {
		n.reject(packet) // which is not sent for what went to many
		return true
	}
	n.mu.Lock()
	a := n.udp[id]
	switch {
	case a != nil && a.denied:
		n.mu.Unlock()
		n.reject(packet)
		return true
	case a != nil:
		if len(a.pending) < maxPending {
			a.pending = append(a.pending, packet.IncRef())
		}
		n.mu.Unlock()
		return true
	}
	if len(n.udp) >= maxWaiting {
		n.mu.Unlock()
		return true // dropped, as a busy network does
	}
	n.udp[id] = &association{}
	n.mu.Unlock()
	packet.IncRef() // for the rejection
	return udp.NewForwarder(n.stack, func(r *udp.ForwarderRequest) {
		go n.associate(id, to, packet, r)
	}).HandlePacket(id, packet)
}

func (n *Network) associate(id stack.TransportEndpointID, to netip.AddrPort, packet *stack.PacketBuffer, r *udp.ForwarderRequest) {
	defer packet.DecRef()
	f, err := n.begin("udp", to.Addr().String(), to.Port())
	if err != nil {
		n.policy.denied("udp", to.Addr().String(), to.Port(), err.Error())
		n.refuse(id, packet)
		return
	}
	n.figures.UDPFlows.Add(1)
	answered := n.policy.ask(n.ctx, question{ID: f.id, Kind: "udp", Address: f.address, Port: f.port}, answerLimit)
	target, err := n.target("udp", to, answered)
	if err != nil {
		n.refuse(id, packet)
		n.end(f, err)
		return
	}
	n.decided(f, answered.Tag)
	host, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(target))
	if err != nil {
		n.refuse(id, packet)
		n.end(f, err)
		return
	}
	guest := &guestConn{queue: new(waiter.Queue)}
	endpoint, failure := r.CreateEndpoint(guest.queue)
	n.mu.Lock()
	a := n.udp[id]
	delete(n.udp, id)
	n.mu.Unlock()
	if failure == nil {
		guest.endpoint = endpoint
		if takes, ok := endpoint.(stack.TransportEndpoint); ok {
			for _, waiting := range a.pending {
				takes.HandlePacket(id, waiting)
			}
		}
	}
	for _, waiting := range a.pending {
		waiting.DecRef()
	}
	if failure != nil {
		host.Close()
		n.end(f, errors.New(failure.String()))
		return
	}
	idle := udpIdle
	if to.Port() == dnsPort {
		idle = dnsIdle
	}
	n.relay(f, guest, host, idle)
	n.end(f, nil)
}

// refuse tells the guest that nobody is there, now and for a while without asking again.
func (n *Network) refuse(id stack.TransportEndpointID, packet *stack.PacketBuffer) {
	n.mu.Lock()
	a := n.udp[id]
	waiting := a.pending
	a.pending, a.denied = nil, true
	n.mu.Unlock()
	n.reject(packet)
	for _, other := range waiting {
		other.DecRef()
	}
	time.AfterFunc(refuseTime, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.udp, id)
	})
}

// reject sends "port unreachable", not faster than the stack sends such messages.
func (n *Network) reject(packet *stack.PacketBuffer) {
	if rejecter, ok := n.stack.NetworkProtocolInstance(ipv4.ProtocolNumber).(stack.RejectIPv4WithHandler); ok {
		rejecter.SendRejectionError(packet, stack.RejectIPv4WithICMPPortUnreachable, true)
	}
}

// relay moves datagrams both ways until none has come for a while.
func (n *Network) relay(f *flow, guest *guestConn, host *net.UDPConn, idle time.Duration) {
	var last atomic.Int64
	last.Store(time.Now().UnixNano())
	over := make(chan struct{})
	f.onCut(func() {
		host.Close()
		guest.endpoint.Close()
		close(over)
	})
	go func() {
		tick := time.NewTicker(idle / 4)
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case <-tick.C:
				if time.Since(time.Unix(0, last.Load())) > idle {
					f.cut()
					return
				}
			}
		}
	}()
	back := make(chan struct{})
	go func() {
		defer close(back)
		defer f.cut()
		for {
			err := readDatagram(host, func(b []byte) {
				last.Store(time.Now().UnixNano())
				f.received.Add(int64(len(b)))
				if within(n.toGuest.Load(), len(b)) {
					guest.endpoint.Write(&payload{b}, tcpip.WriteOptions{})
				}
			})
			if err != nil {
				return
			}
		}
	}()
	n.fromGuestDatagrams(guest, over, func(b []byte) bool {
		last.Store(time.Now().UnixNano())
		f.sent.Add(int64(len(b)))
		if !within(n.fromGuest.Load(), len(b)) {
			return true
		}
		_, err := host.Write(b)
		return err == nil || errors.Is(err, unix.EMSGSIZE) || errors.Is(err, unix.ECONNREFUSED)
	})
	f.cut()
	<-back
}

func (n *Network) fromGuestDatagrams(guest *guestConn, over <-chan struct{}, use func([]byte) bool) {
	entry, readable := waiter.NewChannelEntry(waiter.ReadableEvents | waiter.EventHUp | waiter.EventErr)
	guest.queue.EventRegister(&entry)
	defer guest.queue.EventUnregister(&entry)
	for {
		buf := datagrams.Get().(*[]byte)
		w := tcpip.SliceWriter(*buf)
		result, err := guest.endpoint.Read(&w, tcpip.ReadOptions{})
		on := true
		if err == nil {
			on = use((*buf)[:result.Count])
		}
		datagrams.Put(buf)
		switch err.(type) {
		case nil:
			if !on {
				return
			}
		case *tcpip.ErrWouldBlock:
			select {
			case <-readable:
			case <-over:
				return
			}
		default:
			return
		}
	}
}

// readDatagram waits for one before it takes a buffer.
func readDatagram(conn *net.UDPConn, use func([]byte)) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failure error
	err = raw.Read(func(fd uintptr) bool {
		buf := datagrams.Get().(*[]byte)
		defer datagrams.Put(buf)
		count, err := readNow(fd, *buf)
		switch {
		case err == errAgain:
			return false
		case err == nil:
			use((*buf)[:count])
		default:
			failure = err
		}
		return true
	})
	if err != nil {
		return err
	}
	return failure
}
