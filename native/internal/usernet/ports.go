package usernet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
)

const maxClients = 4096 // of a published UDP port

// portMapping is a port of the host that leads to one of the guest.
type portMapping struct {
	Protocol string `json:"protocol"`
	HostIP   string `json:"host_ip"`
	HostPort uint16 `json:"host_port"`
	Port     uint16 `json:"port"`
}

type published struct {
	portMapping
	close func()

	mu    sync.Mutex
	flows map[*flow]struct{}
}

// ports are those that lead to the guest.
type ports struct {
	network *Network
	mu      sync.Mutex
	open    []*published
}

func (p *ports) init(n *Network) { p.network = n }

func (p *ports) list() []portMapping {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := []portMapping{}
	for _, one := range p.open {
		all = append(all, one.portMapping)
	}
	return all
}

// publish binds a port of the host.
func (p *ports) publish(m portMapping) (uint16, error) {
	ip, err := netip.ParseAddr(m.HostIP)
	if err != nil || !ip.Is4() || m.Port == 0 {
		return 0, errors.New("not an address and port")
	}
	at := netip.AddrPortFrom(ip, m.HostPort)
	one := &published{portMapping: m, flows: map[*flow]struct{}{}}
	switch m.Protocol {
	case "tcp":
		listener, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(at))
		if err != nil {
			return 0, bindError(err)
		}
		one.HostPort = listener.Addr().(*net.TCPAddr).AddrPort().Port()
		one.close = func() { listener.Close() }
		go p.network.acceptAll(one, listener)
	case "udp":
		conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
		if err != nil {
			return 0, bindError(err)
		}
		one.HostPort = conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
		one.close = func() { conn.Close() }
		go p.network.relayClients(one, conn)
	default:
		return 0, fmt.Errorf("protocol %q", m.Protocol)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = append(p.open, one)
	return one.HostPort, nil
}

// bindError is the part of an error that tells why.
func bindError(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// unpublish ends a port and what goes through it.
func (p *ports) unpublish(m portMapping) error {
	p.mu.Lock()
	i := slices.IndexFunc(p.open, func(one *published) bool {
		return one.Protocol == m.Protocol && one.HostIP == m.HostIP && one.HostPort == m.HostPort
	})
	if i < 0 {
		p.mu.Unlock()
		return errors.New("not published")
	}
	one := p.open[i]
	p.open = slices.Delete(p.open, i, i+1)
	p.mu.Unlock()
	one.end()
	return nil
}

func (p *ports) closeAll() {
	p.mu.Lock()
	all := p.open
	p.open = nil
	p.mu.Unlock()
	for _, one := range all {
		one.end()
	}
}

func (one *published) end() {
	one.close()
	one.mu.Lock()
	all := one.flows
	one.flows = nil
	one.mu.Unlock()
	for f := range all {
		f.cut()
	}
}

// take counts a flow to the port; no when the port has ended meanwhile.
func (one *published) take(f *flow) bool {
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.flows == nil {
		return false
	}
	one.flows[f] = struct{}{}
	return true
}

func (one *published) leave(f *flow) {
	one.mu.Lock()
	defer one.mu.Unlock()
	delete(one.flows, f)
}

func (n *Network) acceptAll(one *published, listener *net.TCPListener) {
	for {
		conn, err := listener.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // of files, say: others end meanwhile
			time.Sleep(10 * time.Millisecond)
			continue
		}
		go n.inbound(one, conn)
	}
}

func (n *Network) inbound(one *published, conn *net.TCPConn) {
	f, err := n.begin(inboundKind, Guest.String(), one.Port)
	if err != nil {
		conn.SetLinger(0)
		conn.Close()
		return
	}
	defer n.end(f, nil)
	if !one.take(f) {
		conn.Close()
		return
	}
	defer one.leave(f)
	if err := n.joinPort(f, conn, one.Port); err != nil {
		conn.SetLinger(0) // a reset, as where nobody listens
		conn.Close()
	}
}

// joinPort connects a port of the guest with a connection of the host.
func (n *Network) joinPort(f *flow, conn hostConn, port uint16) error {
	ctx, cancel := context.WithTimeout(n.ctx, dialLimit)
	defer cancel()
	guest, err := n.dialGuest(ctx, f, port)
	if err != nil {
		return err
	}
	return n.join(f, guest, conn)
}

// relayClients makes an association for each client of a published UDP port.
func (n *Network) relayClients(one *published, conn *net.UDPConn) {
	var mu sync.Mutex
	clients := map[netip.AddrPort]func([]byte){}
	buf := make([]byte, 64<<10)
	for {
		count, from, err := conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		mu.Lock()
		send := clients[from]
		mu.Unlock()
		if send == nil {
			mu.Lock()
			full := len(clients) >= maxClients
			mu.Unlock()
			if full {
				continue // before it costs a flow
			}
			if send = n.newClient(one, conn, from, func() {
				mu.Lock()
				defer mu.Unlock()
				delete(clients, from)
			}); send == nil {
				continue
			}
			mu.Lock()
			clients[from] = send
			mu.Unlock()
		}
		send(buf[:count])
	}
}

func (n *Network) newClient(one *published, conn *net.UDPConn, from netip.AddrPort, gone func()) func([]byte) {
	f, err := n.begin(inboundKind, Guest.String(), one.Port)
	if err != nil {
		return nil
	}
	guest := &guestConn{queue: new(waiter.Queue)}
	endpoint, failure := n.stack.NewEndpoint(udp.ProtocolNumber, ipv4.ProtocolNumber, guest.queue)
	if failure != nil {
		n.end(f, nil)
		return nil
	}
	guest.endpoint = endpoint
	bound := endpoint.Bind(tcpip.FullAddress{NIC: nic, Addr: address(Gateway)})
	if bound == nil {
		bound = endpoint.Connect(tcpip.FullAddress{NIC: nic, Addr: address(Guest), Port: one.Port})
	}
	if bound != nil || !one.take(f) {
		endpoint.Close()
		n.end(f, nil)
		return nil
	}
	over := make(chan struct{})
	idle := time.AfterFunc(udpIdle, f.cut)
	f.onCut(func() {
		gone()
		one.leave(f)
		close(over)
	})
	go func() {
		n.fromGuestDatagrams(guest, over, func(b []byte) bool {
			idle.Reset(udpIdle)
			if within(n.fromGuest.Load(), len(b)) {
				conn.WriteToUDPAddrPort(b, from)
			}
			return true
		})
		idle.Stop()
		f.cut()
		n.end(f, nil)
		endpoint.Close()
	}()
	return func(b []byte) {
		if !within(n.toGuest.Load(), len(b)) {
			return
		}
		idle.Reset(udpIdle)
		endpoint.Write(&payload{b}, tcpip.WriteOptions{})
	}
}
