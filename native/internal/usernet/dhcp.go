package usernet

import (
	"net"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
)

const lease = 24 * time.Hour

// serveDHCP answers a guest that asks for its address. The agent does not: it knows.
func (n *Network) serveDHCP() error {
	queue := new(waiter.Queue)
	endpoint, failure := n.stack.NewEndpoint(udp.ProtocolNumber, ipv4.ProtocolNumber, queue)
	if failure != nil {
		return &net.OpError{Op: "dhcp", Err: net.UnknownNetworkError(failure.String())}
	}
	endpoint.SocketOptions().SetBroadcast(true)
	if failure := endpoint.Bind(tcpip.FullAddress{NIC: nic, Port: dhcpv4.ServerPort}); failure != nil {
		endpoint.Close()
		return &net.OpError{Op: "dhcp", Err: net.UnknownNetworkError(failure.String())}
	}
	conn := gonet.NewUDPConn(queue, endpoint)
	go func() {
		<-n.ctx.Done()
		conn.Close()
	}()
	go func() {
		defer conn.Close()
		buf := make([]byte, 2048)
		for {
			count, _, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			request, err := dhcpv4.FromBytes(buf[:count])
			if err != nil || request.OpCode != dhcpv4.OpcodeBootRequest {
				continue
			}
			if reply, err := n.offer(request); err == nil && reply != nil {
				conn.WriteTo(reply.ToBytes(), &net.UDPAddr{IP: net.IPv4bcast, Port: dhcpv4.ClientPort})
			}
		}
	}()
	return nil
}

// offer answers who asks for an address; nothing who gives it back, or says that it has one. RFC 2131, 4.3.
func (n *Network) offer(request *dhcpv4.DHCPv4) (*dhcpv4.DHCPv4, error) {
	gateway := net.IP(Gateway.AsSlice())
	kind := dhcpv4.MessageTypeOffer
	switch request.MessageType() {
	case dhcpv4.MessageTypeDiscover:
	case dhcpv4.MessageTypeRequest:
		if server := request.ServerIdentifier(); server != nil && !server.Equal(gateway) {
			return nil, nil // it takes another's offer
		}
		wanted := request.RequestedIPAddress()
		if wanted == nil {
			wanted = request.ClientIPAddr
		}
		if !wanted.Equal(net.IP(Guest.AsSlice())) {
			return dhcpv4.NewReplyFromRequest(request,
				dhcpv4.WithMessageType(dhcpv4.MessageTypeNak),
				dhcpv4.WithOption(dhcpv4.OptServerIdentifier(gateway)))
		}
		kind = dhcpv4.MessageTypeAck
	default:
		return nil, nil
	}
	return dhcpv4.NewReplyFromRequest(request,
		dhcpv4.WithMessageType(kind),
		dhcpv4.WithYourIP(net.IP(Guest.AsSlice())),
		dhcpv4.WithServerIP(gateway),
		dhcpv4.WithRouter(gateway),
		dhcpv4.WithDNS(gateway),
		dhcpv4.WithNetmask(net.CIDRMask(subnet.Bits(), 32)),
		dhcpv4.WithLeaseTime(uint32(lease.Seconds())),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(gateway)),
		dhcpv4.WithGeneric(dhcpv4.OptionInterfaceMTU, []byte{byte(n.mtu >> 8), byte(n.mtu)}),
	)
}
