package usernet

import (
	"net"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

func TestAddressIsOfferedAndNoOtherGranted(t *testing.T) {
	n := start(t, false).network
	mac := net.HardwareAddr{0x5a, 0x94, 0xef, 0xe4, 0x0c, 0xee}
	ours, other := dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(net.IP(Guest.AsSlice()))), net.IPv4(10, 0, 0, 7)
	for name, c := range map[string]struct {
		kind dhcpv4.MessageType
		with []dhcpv4.Modifier
		want dhcpv4.MessageType // none: no reply
	}{
		"discover":      {dhcpv4.MessageTypeDiscover, nil, dhcpv4.MessageTypeOffer},
		"request":       {dhcpv4.MessageTypeRequest, []dhcpv4.Modifier{ours}, dhcpv4.MessageTypeAck},
		"renewal":       {dhcpv4.MessageTypeRequest, []dhcpv4.Modifier{dhcpv4.WithClientIP(net.IP(Guest.AsSlice()))}, dhcpv4.MessageTypeAck},
		"other address": {dhcpv4.MessageTypeRequest, []dhcpv4.Modifier{dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(other))}, dhcpv4.MessageTypeNak},
		"other server":  {dhcpv4.MessageTypeRequest, []dhcpv4.Modifier{ours, dhcpv4.WithOption(dhcpv4.OptServerIdentifier(other))}, dhcpv4.MessageTypeNone},
		"release":       {dhcpv4.MessageTypeRelease, nil, dhcpv4.MessageTypeNone},
		"decline":       {dhcpv4.MessageTypeDecline, nil, dhcpv4.MessageTypeNone},
	} {
		request, err := dhcpv4.New(append(c.with, dhcpv4.WithHwAddr(mac), dhcpv4.WithMessageType(c.kind))...)
		if err != nil {
			t.Fatal(err)
		}
		reply, err := n.offer(request)
		if err != nil {
			t.Fatal(err)
		}
		got := dhcpv4.MessageTypeNone
		if reply != nil {
			got = reply.MessageType()
		}
		if got != c.want {
			t.Errorf("%s: %s, not %s", name, got, c.want)
		}
		if got == dhcpv4.MessageTypeAck && !reply.YourIPAddr.Equal(net.IP(Guest.AsSlice())) {
			t.Errorf("%s: %s", name, reply.YourIPAddr)
		}
	}
}

func TestBuffersShrinkAsFlowsGrow(t *testing.T) {
	for flows, want := range map[int]int{0: mostBuffer, 8: mostBuffer, 9: mostBuffer / 2, 64: 128 << 10, 1024: 8 << 10, 1025: leastBuffer, maxFlows: leastBuffer} {
		if got := bufferFor(flows); got != want {
			t.Errorf("%d flows: %d, not %d", flows, got, want)
		}
	}
	n := start(t, false).network
	for range 9 {
		if _, err := n.begin("tcp", "192.0.2.1", 80); err != nil {
			t.Fatal(err)
		}
	}
	if got := n.buffer.Load(); got != mostBuffer/2 {
		t.Errorf("%d", got)
	}
}
