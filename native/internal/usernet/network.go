// Package usernet is the network of one box: it terminates the guest's TCP and UDP with gVisor's stack
// and moves bytes to sockets of the host. What may begin the supervisor decides (docs/network.md).
//
// The guest is hostile. It can reach nothing but by a flow that was allowed; flows, questions and
// the memory of both are bounded.
package usernet

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/time/rate"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/ethernet"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

// Addresses of every box's network.
var (
	Guest   = netip.MustParseAddr("192.168.127.2")
	Gateway = netip.MustParseAddr("192.168.127.1")
	Alias   = netip.MustParseAddr("192.168.127.254") // the host's 127.0.0.1

	subnet = netip.MustParsePrefix("192.168.127.0/24")
)

const (
	nic        = 1
	gatewayMAC = "5a:94:ef:e4:0c:dd"
	maxFlows   = 4096
	maxHandles = 1024 // connection attempts that wait for their answer
	minMTU     = 576
	maxMTU     = 65520
	dnsPort    = 53
	// A guest may use a port again as soon as it has closed it, and no segment of the connection before is
	// on its way: they come in order. The stack would not take a new connection all that time.
	timeWait = time.Microsecond
)

// Network is one box's.
type Network struct {
	stack   *stack.Stack
	link    *link
	mtu     int
	policy  policy
	figures figures
	ports   ports

	ctx    context.Context
	cancel context.CancelFunc

	mu    sync.Mutex
	flows map[uint64]*flow
	limit int
	udp   map[stack.TransportEndpointID]*association

	buffer  atomic.Int64  // bytes that one direction of one flow may hold
	reshare chan struct{} // holds something while flows may hold another amount than they should

	toGuest, fromGuest atomic.Pointer[rate.Limiter] // nil: as fast as it goes
}

// figures are what the box has done so far.
type figures struct {
	BytesSent       atomic.Int64
	BytesReceived   atomic.Int64
	PacketsSent     atomic.Int64
	PacketsReceived atomic.Int64
	TCPConnections  atomic.Int64
	TCPErrors       atomic.Int64
	UDPFlows        atomic.Int64
	Denials         atomic.Int64
	DNSQuestions    atomic.Int64
}

// New makes the network of a guest at the other end of conn. It moves nothing before Run.
func New(conn io.ReadWriter, mtu int, allow bool) (*Network, error) {
	if mtu < minMTU || mtu > maxMTU {
		return nil, fmt.Errorf("mtu %d: must be %d to %d", mtu, minMTU, maxMTU)
	}
	mac, err := tcpip.ParseMACAddress(gatewayMAC)
	if err != nil {
		return nil, err
	}
	n := &Network{
		mtu: mtu, flows: map[uint64]*flow{}, limit: maxFlows,
		udp: map[stack.TransportEndpointID]*association{}, reshare: make(chan struct{}, 1),
	}
	n.buffer.Store(mostBuffer)
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.policy.init(allow, &n.figures)
	n.ports.init(n)
	n.link = &link{conn: conn, mtu: uint32(mtu), mac: mac, seen: n.admit, sent: n.countSent}
	if err := n.makeStack(); err != nil {
		return nil, err
	}
	return n, nil
}

func address(a netip.Addr) tcpip.Address { return tcpip.AddrFrom4(a.As4()) }

func (n *Network) makeStack() error {
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, arp.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, udp.NewProtocol, icmp.NewProtocol4},
		HandleLocal:        false,
	})
	n.stack = s
	if err := s.CreateNIC(nic, ethernet.New(n.link)); err != nil {
		return fmt.Errorf("network card: %s", err)
	}
	for _, a := range []netip.Addr{Gateway, Alias} {
		protocol := tcpip.ProtocolAddress{
			Protocol:          ipv4.ProtocolNumber,
			AddressWithPrefix: tcpip.AddressWithPrefix{Address: address(a), PrefixLen: subnet.Bits()},
		}
		if err := s.AddProtocolAddress(nic, protocol, stack.AddressProperties{}); err != nil {
			return fmt.Errorf("address %s: %s", a, err)
		}
	}
	// Every address of the world is ours to the guest.
	if err := s.SetPromiscuousMode(nic, true); err != nil {
		return fmt.Errorf("promiscuous mode: %s", err)
	}
	if err := s.SetSpoofing(nic, true); err != nil {
		return fmt.Errorf("spoofing: %s", err)
	}
	s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: nic}})
	// How large buffers are is said for each connection (buffers.go); the window scale comes from Default.
	sack, moderate := tcpip.TCPSACKEnabled(true), tcpip.TCPModerateReceiveBufferOption(false)
	send := tcpip.TCPSendBufferSizeRangeOption{Min: leastBuffer, Default: mostBuffer, Max: mostBuffer}
	receive := tcpip.TCPReceiveBufferSizeRangeOption{Min: leastBuffer, Default: mostBuffer, Max: mostBuffer}
	wait := tcpip.TCPTimeWaitTimeoutOption(timeWait)
	for _, option := range []tcpip.SettableTransportProtocolOption{&sack, &moderate, &send, &receive, &wait} {
		if err := s.SetTransportProtocolOption(tcp.ProtocolNumber, option); err != nil {
			return fmt.Errorf("tcp: %s", err)
		}
	}
	s.SetTransportProtocolHandler(tcp.ProtocolNumber,
		tcp.NewForwarder(s, 0, maxHandles, n.tcpRequest).HandlePacket)
	s.SetTransportProtocolHandler(udp.ProtocolNumber, n.udpPacket)
	if err := n.serveDNS(); err != nil {
		return fmt.Errorf("dns: %w", err)
	}
	if err := n.serveDHCP(); err != nil {
		return fmt.Errorf("dhcp: %w", err)
	}
	return nil
}

// Run moves frames until the VM's end closes.
func (n *Network) Run() error {
	defer n.close()
	go n.share()
	return n.link.receive()
}

func (n *Network) close() {
	n.cancel()
	n.ports.closeAll()
	n.mu.Lock()
	all := make([]*flow, 0, len(n.flows))
	for _, f := range n.flows {
		all = append(all, f)
	}
	n.mu.Unlock()
	for _, f := range all {
		f.cut()
	}
	n.stack.Close()
}

// admit says whether a frame of the guest goes to the stack: only what the one guest with its one
// address can have to say. Pings are for the gateway: the stack would answer for the whole world.
func (n *Network) admit(frame []byte) bool {
	n.figures.PacketsSent.Add(1)
	n.figures.BytesSent.Add(int64(len(frame)))
	if len(frame) < header.EthernetMinimumSize {
		return false
	}
	packet := frame[header.EthernetMinimumSize:]
	switch header.Ethernet(frame).Type() {
	case arp.ProtocolNumber:
		// The stack would answer for every address, also to a guest that asks whether its own is free.
		h := header.ARP(packet)
		if len(packet) < header.ARPSize || !h.IsValid() {
			return false
		}
		asked := netip.AddrFrom4([4]byte(h.ProtocolAddressTarget()))
		return asked == Gateway || asked == Alias
	case ipv4.ProtocolNumber:
		if len(packet) < header.IPv4MinimumSize {
			return false
		}
		ip := header.IPv4(packet)
		from, to := netip.AddrFrom4(ip.SourceAddress().As4()), netip.AddrFrom4(ip.DestinationAddress().As4())
		if from != Guest {
			return from.IsUnspecified() && isDHCP(ip)
		}
		return ip.Protocol() != uint8(icmp.ProtocolNumber4) || to == Gateway || to == Alias
	}
	return false
}

// isDHCP says whether a packet is for the one service that answers who has no address yet.
func isDHCP(ip header.IPv4) bool {
	start := int(ip.HeaderLength())
	if ip.Protocol() != uint8(udp.ProtocolNumber) || start < header.IPv4MinimumSize || len(ip) < start+header.UDPMinimumSize {
		return false
	}
	return header.UDP(ip[start:]).DestinationPort() == dhcpv4.ServerPort
}

func (n *Network) countSent(bytes int) {
	n.figures.PacketsReceived.Add(1)
	n.figures.BytesReceived.Add(int64(bytes))
}

// never says where nothing of the guest goes, whatever anybody answers.
func never(a netip.Addr) bool {
	return !a.Is4() || a.IsMulticast() || a.IsUnspecified() || a.As4()[0] == 0 || a.As4()[0] >= 224 ||
		subnet.Contains(a)
}
