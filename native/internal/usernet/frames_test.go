package usernet

import (
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// whoHas is the frame of a guest that asks for an address before it takes it.
func whoHas(address [4]byte) []byte {
	b := make([]byte, header.EthernetMinimumSize+header.ARPSize)
	copy(b, "\xff\xff\xff\xff\xff\xff\x5a\x94\xef\xe4\x0c\xee\x08\x06")
	copy(b[14:], []byte{0, 1, 8, 0, 6, 4, 0, 1})
	copy(b[22:], b[6:12])
	copy(b[38:], address[:])
	return b
}

func framed(b []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
}

func TestOnlyTheGatewaysAddressesAreTaken(t *testing.T) {
	r := start(t, true)
	for _, free := range [][4]byte{Guest.As4(), {192, 168, 127, 77}, {8, 8, 8, 8}} {
		r.cable.Write(framed(whoHas(free)))
	}
	for _, ours := range [][4]byte{Gateway.As4(), Alias.As4()} {
		r.cable.Write(framed(whoHas(ours)))
		r.cable.SetReadDeadline(time.Now().Add(patience))
		reply := make([]byte, lengthSize+header.EthernetMinimumSize+header.ARPSize)
		if _, err := io.ReadFull(r.cable, reply); err != nil {
			t.Fatal(err)
		}
		arp := header.ARP(reply[lengthSize+header.EthernetMinimumSize:])
		if [4]byte(arp.ProtocolAddressSender()) != ours {
			t.Errorf("%v answers for %v", arp.ProtocolAddressSender(), ours)
		}
	}
}

func ask(t testing.TB, name string) []byte {
	t.Helper()
	question := dnsmessage.Question{Name: dnsmessage.MustNewName(name), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}
	b, err := (&dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 7, RecursionDesired: true},
		Questions: []dnsmessage.Question{question},
	}).Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Without it resolvers wait for another reply, until their time is over.
func TestRefusalsAndCutRepliesRepeatTheQuestion(t *testing.T) {
	r := start(t, false).boot()
	asked := ask(t, "www.example.com.")
	conn := r.dialUDP("192.168.127.1:53")
	conn.Write(asked)
	b := make([]byte, 600)
	n, err := conn.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	long := append(append([]byte(nil), asked...), make([]byte, plainUDP)...)
	long[2] |= 0x80
	for kind, reply := range map[string][]byte{"refused": b[:n], "cut": fit(long, asked)} {
		var m dnsmessage.Message
		if err := m.Unpack(reply); err != nil {
			t.Fatal(kind, err)
		}
		if m.ID != 7 || !m.Response || len(m.Questions) != 1 || m.Questions[0].Name.String() != "www.example.com." {
			t.Errorf("%s: %s", kind, m.GoString())
		}
		if (kind == "cut") != m.Truncated || (kind == "refused") != (m.RCode == dnsmessage.RCodeRefused) {
			t.Errorf("%s: %s", kind, m.GoString())
		}
	}
}

func FuzzQuestions(f *testing.F) {
	f.Add(ask(f, "www.example.com."))
	f.Add(make([]byte, minQuestion))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < minQuestion {
			return
		}
		var m dnsmessage.Parser
		if _, err := m.Start(withoutAnswers(0x80, 5, b)); err != nil {
			t.Fatal(err)
		}
		fit(make([]byte, 4096), b)
	})
}

// Whatever the guest sends, the network goes on.
func FuzzFrames(f *testing.F) {
	f.Add(whoHas(Gateway.As4()))
	for _, protocol := range []byte{1, 6, 17} {
		ip := make([]byte, 54)
		ip[12], ip[13], ip[14], ip[22], ip[23] = 8, 0, 0x45, 64, protocol
		binary.BigEndian.PutUint16(ip[16:], 40)
		copy(ip[30:], net.IPv4(1, 2, 3, 4).To4())
		f.Add(ip)
	}
	r := start(f, false)
	go io.Copy(io.Discard, r.cable)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > maxFrame {
			return
		}
		if _, err := r.cable.Write(framed(fromGuest(b))); err != nil {
			t.Fatal(err)
		}
	})
}

// fromGuest puts the guest's address and the right sum into an IPv4 header, so that it gets further.
func fromGuest(frame []byte) []byte {
	const start, least = header.EthernetMinimumSize, header.IPv4MinimumSize
	if len(frame) < start+least {
		return frame
	}
	frame = append([]byte(nil), frame...)
	ip := header.IPv4(frame[start:])
	if size := int(ip.HeaderLength()); size < least || size > len(ip) {
		return frame
	}
	copy(frame[start+12:], Guest.AsSlice())
	ip.SetChecksum(0)
	ip.SetChecksum(^ip.CalculateChecksum())
	return frame
}
