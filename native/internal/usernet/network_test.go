package usernet

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/ethernet"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

const patience = 20 * time.Second

// rig is a network with a guest and a control socket.
type rig struct {
	t       testing.TB
	network *Network // nil: another process's
	mtu     int
	ended   chan struct{}
	guest   *stack.Stack
	cable   net.Conn    // the guest's end
	pings   chan []byte // type and code of ICMP messages to the guest
	control string
}

func start(t testing.TB, allow bool) *rig {
	t.Helper()
	ours, theirs := net.Pipe()
	network, err := New(ours, 1500, allow)
	if err != nil {
		t.Fatal(err)
	}
	control := filepath.Join(t.TempDir(), "control.sock")
	listener, err := Listen(control)
	if err != nil {
		t.Fatal(err)
	}
	go network.Serve(listener)
	ended := make(chan struct{})
	go func() {
		network.Run()
		close(ended)
	}()
	r := &rig{t: t, network: network, mtu: 1500, ended: ended, cable: theirs, control: control, pings: make(chan []byte, 10)}
	t.Cleanup(func() {
		theirs.Close()
		select {
		case <-ended:
		case <-time.After(patience):
			t.Error("the network does not end with its VM")
		}
	})
	return r
}

// boot plugs a guest in.
func (r *rig) boot() *rig {
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, arp.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, udp.NewProtocol, icmp.NewProtocol4},
	})
	mac, _ := tcpip.ParseMACAddress("5a:94:ef:e4:0c:ee")
	cable := &link{conn: r.cable, mtu: uint32(r.mtu), mac: mac, sent: func(int) {}}
	cable.seen = func(frame []byte) bool {
		const protocol, kind = 23, 34 // of an IPv4 packet with ICMP
		if len(frame) > kind+1 && frame[protocol] == uint8(icmp.ProtocolNumber4) {
			select {
			case r.pings <- frame[kind : kind+2 : kind+2]:
			default:
			}
		}
		return true
	}
	if err := s.CreateNIC(nic, ethernet.New(cable)); err != nil {
		r.t.Fatal(err)
	}
	s.AddProtocolAddress(nic, tcpip.ProtocolAddress{
		Protocol:          ipv4.ProtocolNumber,
		AddressWithPrefix: tcpip.AddressWithPrefix{Address: address(Guest), PrefixLen: 24},
	}, stack.AddressProperties{})
	s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, Gateway: address(Gateway), NIC: nic}})
	go cable.receive()
	r.guest = s
	return r
}

func full(to string) tcpip.FullAddress {
	a := netip.MustParseAddrPort(to)
	return tcpip.FullAddress{NIC: nic, Addr: address(a.Addr()), Port: a.Port()}
}

func (r *rig) dial(to string) (*gonet.TCPConn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := gonet.DialContextTCP(ctx, r.guest, full(to), ipv4.ProtocolNumber)
	if err == nil {
		conn.SetDeadline(time.Now().Add(patience))
		r.t.Cleanup(func() { conn.Close() })
	}
	return conn, err
}

func (r *rig) dialUDP(to string) *gonet.UDPConn {
	remote := full(to)
	conn, err := gonet.DialUDP(r.guest, nil, &remote, ipv4.ProtocolNumber)
	if err != nil {
		r.t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	r.t.Cleanup(func() { conn.Close() })
	return conn
}

// supervisor is one that a test plays.
type supervisor struct {
	t      testing.TB
	conn   net.Conn
	mu     sync.Mutex
	next   int
	done   map[int]chan map[string]any
	closed chan map[string]any
	denied chan map[string]any
	gone   chan struct{}
}

func (r *rig) supervise(decide func(ask map[string]any) string) *supervisor {
	r.t.Helper()
	conn, err := net.Dial("unix", r.control)
	if err != nil {
		r.t.Fatal(err)
	}
	s := &supervisor{
		t: r.t, conn: conn, done: map[int]chan map[string]any{},
		closed: make(chan map[string]any, 100), denied: make(chan map[string]any, 100), gone: make(chan struct{}),
	}
	r.t.Cleanup(func() { conn.Close() })
	fmt.Fprintln(conn, `{"control":{}}`)
	go func() {
		defer close(s.gone)
		lines := bufio.NewReader(conn)
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				return
			}
			var m map[string]map[string]any
			if err := json.Unmarshal(line, &m); err != nil {
				r.t.Error(err)
			}
			switch {
			case m["ask"] != nil:
				go func() {
					if verdict := decide(m["ask"]); verdict != "" {
						s.send(fmt.Sprintf(`{"answer":{"id":%v,%s}}`, uint64(m["ask"]["id"].(float64)), verdict))
					}
				}()
			case m["closed"] != nil:
				select {
				case s.closed <- m["closed"]:
				default:
				}
			case m["denied"] != nil:
				select {
				case s.denied <- m["denied"]:
				default:
				}
			case m["done"] != nil:
				s.mu.Lock()
				s.done[int(m["done"]["id"].(float64))] <- m["done"]
				s.mu.Unlock()
			}
		}
	}()
	// It counts from when it is answered.
	s.do(`"command":"figures"`)
	return s
}

func (s *supervisor) send(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintln(s.conn, line)
}

func (s *supervisor) do(command string) map[string]any {
	s.t.Helper()
	s.mu.Lock()
	s.next++
	id, done := s.next, make(chan map[string]any, 1)
	s.done[id] = done
	s.mu.Unlock()
	s.send(fmt.Sprintf(`{"do":{"id":%d,%s}}`, id, command))
	select {
	case d := <-done:
		return d
	case <-time.After(patience):
		s.t.Fatal("no answer to " + command)
		return nil
	}
}

func never_(map[string]any) string { return `"verdict":"deny"` }

// to decides that everything goes to one address.
func to(address net.Addr) func(map[string]any) string {
	a := netip.MustParseAddrPort(address.String())
	return func(ask map[string]any) string {
		return fmt.Sprintf(`"verdict":"dial","address":"%s","port":%d,"tag":"tag"`, a.Addr(), a.Port())
	}
}

func echo(t testing.TB) net.Addr {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				io.Copy(conn, conn)
				conn.(*net.TCPConn).CloseWrite()
			}()
		}
	}()
	return listener.Addr()
}

// Only what goes to the alias may end at the loopback.
const alias = "192.168.127.254:80"

func TestConnectionGoesWhereTheSupervisorSays(t *testing.T) {
	r := start(t, false).boot()
	s := r.supervise(to(echo(t)))
	conn, err := r.dial(alias)
	if err != nil {
		t.Fatal(err)
	}
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	go func() {
		conn.Write(sent)
		conn.CloseWrite()
	}()
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("%d bytes came back of %d: %v", len(got), len(sent), err)
	}
	conn.Close()
	closed := <-s.closed
	if closed["tag"] != "tag" || closed["sent"] != float64(len(sent)) || closed["received"] != float64(len(sent)) {
		t.Errorf("closed: %v", closed)
	}
}

func TestPortOfAConnectionThatTheHostHasClosedIsUsedAgain(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	r := start(t, true).boot()
	local := tcpip.FullAddress{NIC: nic, Addr: address(Guest), Port: 40000}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for range 3 {
		remote := full(net.JoinHostPort(Alias.String(), port))
		conn, err := gonet.DialTCPWithBind(ctx, r.guest, local, remote, ipv4.ProtocolNumber)
		for err != nil && strings.Contains(err.Error(), "in use") { // the guest has not closed it yet
			time.Sleep(time.Millisecond)
			conn, err = gonet.DialTCPWithBind(ctx, r.guest, local, remote, ipv4.ProtocolNumber)
		}
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(patience))
		if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
			t.Fatal(err)
		}
		conn.Close()
	}
}

func TestDeniedAndRefusedConnectionsAreReset(t *testing.T) {
	r := start(t, true).boot()
	r.supervise(never_)
	begin := time.Now()
	if _, err := r.dial("192.0.2.1:443"); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("denied: %v", err)
	}
	for _, to := range []string{"192.168.127.1:80", "192.168.127.9:80"} {
		if conn, err := r.dial(to); err == nil {
			t.Errorf("%s was connected: %v", to, conn)
		}
	}
	if time.Since(begin) > patience/2 {
		t.Errorf("took %v", time.Since(begin))
	}
	unused, _ := net.Listen("tcp4", "127.0.0.1:0")
	unused.Close()
	r.supervise(to(unused.Addr()))
	if _, err := r.dial(alias); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestLoopbackIsOnlyTheAliases(t *testing.T) {
	r := start(t, false).boot()
	r.supervise(to(echo(t)))
	if _, err := r.dial("192.0.2.1:80"); err == nil {
		t.Error("another address led to the loopback")
	}
}

func TestDefaultHoldsWithoutASupervisor(t *testing.T) {
	server := netip.MustParseAddrPort(echo(t).String())
	at := fmt.Sprintf("192.168.127.254:%d", server.Port())
	open := start(t, true).boot()
	if _, err := open.dial(at); err != nil {
		t.Errorf("by default allow: %v", err)
	}
	if _, err := open.dial("169.254.169.254:80"); err == nil {
		t.Error("by default allow, metadata was reached")
	}
	closed := start(t, false).boot()
	if _, err := closed.dial(at); err == nil {
		t.Error("by default deny, something was reached")
	}
	s := closed.supervise(never_)
	s.do(`"command":"default","verdict":"allow"`)
	s.conn.Close()
	deadline := time.Now().Add(patience)
	for {
		if _, err := closed.dial(at); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the default was not changed")
		}
	}
}

func TestNewSupervisorTakesThePlaceOfTheOneBefore(t *testing.T) {
	r := start(t, false).boot()
	asked := make(chan struct{})
	first := r.supervise(func(map[string]any) string {
		close(asked)
		return ""
	})
	waits := make(chan error, 1)
	go func() {
		_, err := r.dial(alias)
		waits <- err
	}()
	<-asked
	r.supervise(to(echo(t)))
	select {
	case <-first.gone:
	case <-time.After(patience):
		t.Fatal("the first is still connected")
	}
	if err := <-waits; err == nil {
		t.Error("an unanswered question was taken for a yes")
	}
	if _, err := r.dial(alias); err != nil {
		t.Error(err)
	}
}

func TestPeekDecidesByWhatTheGuestSendsFirst(t *testing.T) {
	r := start(t, false).boot()
	server := to(echo(t))
	r.supervise(func(ask map[string]any) string {
		if ask["kind"] == "tcp" {
			return `"verdict":"peek","wait_ms":3000,"tag":"peeked"`
		}
		data, _ := ask["data"].(string)
		first, _ := base64.StdEncoding.DecodeString(data)
		switch {
		case len(first) < 5:
			return `"verdict":"more"`
		case string(first) == "hello":
			return server(ask)
		}
		return `"verdict":"deny"`
	})
	good, err := r.dial(alias)
	if err != nil {
		t.Fatal(err)
	}
	good.Write([]byte("he"))
	good.Write([]byte("llo"))
	if got, err := readN(good, 5); string(got) != "hello" {
		t.Errorf("%q %v", got, err)
	}
	bad, err := r.dial(alias)
	if err != nil {
		t.Fatal(err)
	}
	bad.Write([]byte("go away"))
	if _, err := bad.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("denied by name: %v", err)
	}
	silent, err := r.dial(alias)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := silent.Read(make([]byte, 1)); err == nil {
		t.Error("nothing was said, and something answered")
	}
}

func readN(from io.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	count, err := io.ReadFull(from, b)
	return b[:count], err
}

func TestProxyGetsTheHeaderFirst(t *testing.T) {
	r := start(t, false).boot()
	path := filepath.Join(t.TempDir(), "proxy.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		io.Copy(conn, conn)
	}()
	r.supervise(func(map[string]any) string {
		return fmt.Sprintf(`"verdict":"proxy","socket":%q,"header":"flow 7","tag":"t"`, path)
	})
	conn, err := r.dial("192.0.2.1:443")
	if err != nil {
		t.Fatal(err)
	}
	conn.Write([]byte("body"))
	if got, err := readN(conn, 11); string(got) != "flow 7\nbody" {
		t.Errorf("%q %v", got, err)
	}
}

func TestPublishedPortsLeadToTheGuest(t *testing.T) {
	r := start(t, false).boot()
	s := r.supervise(never_)
	listener, err := gonet.ListenTCP(r.guest, full("192.168.127.2:80"), ipv4.ProtocolNumber)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(conn, conn)
				conn.Close()
			}()
		}
	}()
	local := full("192.168.127.2:53")
	udpServer, err := gonet.DialUDP(r.guest, &local, nil, ipv4.ProtocolNumber)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		b := make([]byte, 2000)
		for {
			count, from, err := udpServer.ReadFrom(b)
			if err != nil {
				return
			}
			udpServer.WriteTo(b[:count], from)
		}
	}()
	done := s.do(`"command":"publish","protocol":"tcp","host_ip":"127.0.0.1","host_port":0,"port":80`)
	at := fmt.Sprintf("127.0.0.1:%v", done["host_port"])
	if again := s.do(fmt.Sprintf(`"command":"publish","protocol":"tcp","host_ip":"127.0.0.1","host_port":%v,"port":81`, done["host_port"])); !strings.Contains(fmt.Sprint(again["error"]), "in use") {
		t.Errorf("twice: %v", again)
	}
	for _, network := range []string{"tcp", "tunnel"} {
		var conn net.Conn
		if network == "tcp" {
			conn, err = net.Dial("tcp", at)
		} else {
			conn, err = net.Dial("unix", r.control)
		}
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(patience))
		if network == "tunnel" {
			fmt.Fprintln(conn, `{"tunnel":{"port":80}}`)
			if got, _ := readN(conn, 12); string(got) != "{\"ok\":true}\n" {
				t.Fatalf("tunnel: %q", got)
			}
		}
		conn.Write([]byte("through"))
		conn.(interface{ CloseWrite() error }).CloseWrite()
		if got, err := io.ReadAll(conn); string(got) != "through" {
			t.Errorf("%s: %q %v", network, got, err)
		}
		conn.Close()
	}
	udpDone := s.do(`"command":"publish","protocol":"udp","host_ip":"127.0.0.1","host_port":0,"port":53`)
	client, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%v", udpDone["host_port"]))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	client.SetDeadline(time.Now().Add(patience))
	client.Write([]byte("datagram"))
	if got, err := readN(client, 8); string(got) != "datagram" {
		t.Errorf("udp: %q %v", got, err)
	}
	if ports := s.do(`"command":"ports"`)["ports"].([]any); len(ports) != 2 {
		t.Errorf("ports: %v", ports)
	}
	s.do(fmt.Sprintf(`"command":"unpublish","protocol":"tcp","host_ip":"127.0.0.1","host_port":%v`, done["host_port"]))
	if _, err := net.Dial("tcp", at); err == nil {
		t.Error("still published")
	}
	tunnel, _ := net.Dial("unix", r.control)
	defer tunnel.Close()
	fmt.Fprintln(tunnel, `{"tunnel":{"port":9}}`)
	tunnel.SetDeadline(time.Now().Add(patience))
	if line, _ := bufio.NewReader(tunnel).ReadString('\n'); !strings.Contains(line, "refused") {
		t.Errorf("tunnel to nobody: %q", line)
	}
}

func TestDatagramsAndTheirDenial(t *testing.T) {
	server, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		b := make([]byte, 65536)
		for {
			count, from, err := server.ReadFromUDP(b)
			if err != nil {
				return
			}
			server.WriteToUDP(b[:count], from)
		}
	}()
	r := start(t, false).boot()
	dial := to(server.LocalAddr())
	r.supervise(func(ask map[string]any) string {
		if ask["kind"] == "udp" && ask["address"] == "192.168.127.254" {
			return dial(ask)
		}
		return `"verdict":"deny"`
	})
	conn := r.dialUDP(alias)
	for _, size := range []int{5, 1400, 20000, 0} {
		sent := bytes.Repeat([]byte("x"), size)
		conn.Write(sent)
		got := make([]byte, 65536)
		count, err := conn.Read(got)
		if err != nil || count != size {
			t.Fatalf("%d bytes of %d: %v", count, size, err)
		}
	}
	denied := r.dialUDP("192.0.2.1:53")
	for range 2 { // also the one that nobody is asked about
		for count := 0; count == 0; { // the answer to the one before may come first
			count, _ = denied.Write([]byte("x"))
		}
		select {
		case ping := <-r.pings:
			if !bytes.Equal(ping, []byte{3, 3}) {
				t.Errorf("icmp %x instead of port unreachable", ping)
			}
		case <-time.After(patience):
			t.Error("the guest is not told of a denial")
		}
	}
}

func TestQuestionsAreAnsweredAtTheGateway(t *testing.T) {
	r := start(t, false).boot()
	large := append([]byte("\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00"), bytes.Repeat([]byte("x"), 2000)...)
	r.supervise(func(ask map[string]any) string {
		return fmt.Sprintf(`"verdict":"dns","data":"%s"`, base64.StdEncoding.EncodeToString(large))
	})
	question := []byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01")
	udpConn := r.dialUDP("192.168.127.1:53")
	udpConn.Write([]byte("short"))
	udpConn.Write(question)
	b := make([]byte, 4000)
	count, err := udpConn.Read(b)
	if err != nil || count != len(question) || b[2]&truncatedFlag == 0 {
		t.Errorf("by udp: %x %v", b[:count], err)
	}
	tcpConn, err := r.dial("192.168.127.1:53")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		writeMessage(tcpConn, question)
		if reply, err := readMessage(tcpConn); err != nil || !bytes.Equal(reply, large) {
			t.Errorf("by tcp: %d bytes, %v", len(reply), err)
		}
	}
	r.supervise(never_)
	udpConn.Write(question)
	if count, err := udpConn.Read(b); err != nil || count != len(question) || b[3]&15 != 5 {
		t.Errorf("denied: %x %v", b[:count], err)
	}
}

func TestFlowsAreListedAndCut(t *testing.T) {
	r := start(t, false).boot()
	s := r.supervise(to(echo(t)))
	conn, err := r.dial(alias)
	if err != nil {
		t.Fatal(err)
	}
	flows := s.do(`"command":"flows","after":0`)["flows"].([]any)
	if len(flows) != 1 {
		t.Fatalf("flows: %v", flows)
	}
	flow := flows[0].(map[string]any)
	if flow["tag"] != "tag" || flow["address"] != "192.168.127.254" {
		t.Errorf("flow: %v", flow)
	}
	s.do(fmt.Sprintf(`"command":"cut","flows":[%v]`, flow["flow"]))
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("it goes on")
	}
	<-s.closed
	s.do(`"command":"limits","bytes_per_second":0,"flows":1`)
	if _, err := r.dial(alias); err != nil {
		t.Fatal(err)
	}
	if _, err := r.dial(alias); err == nil {
		t.Error("a second flow")
	}
	if d := <-s.denied; !strings.Contains(fmt.Sprint(d["reason"]), "too many") {
		t.Errorf("denied: %v", d)
	}
}

func TestHostileFramesHarmNobody(t *testing.T) {
	r := start(t, true)
	frame := func(b []byte) {
		r.cable.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...))
	}
	for size := range 100 {
		frame(make([]byte, size))
		b := bytes.Repeat([]byte{0xff}, size)
		if size >= 14 {
			b[12], b[13] = 8, 0
		}
		frame(b)
	}
	ip := make([]byte, 14+20+8)
	ip[12], ip[13], ip[14] = 8, 0, 0x4f // options beyond the end
	binary.BigEndian.PutUint16(ip[16:], 65535)
	copy(ip[26:], Guest.AsSlice())
	for protocol := range 256 {
		ip[23] = byte(protocol)
		frame(ip)
	}
	if _, err := r.boot().dial("192.168.127.1:80"); err == nil {
		t.Error("connected")
	}
	// Longer than QEMU sends: then it is not QEMU.
	other := start(t, true)
	other.cable.Write([]byte{0x7f, 0xff, 0xff, 0xff})
	select {
	case <-other.ended:
	case <-time.After(patience):
		t.Error("goes on")
	}
}

func TestControlLinesOfOthersAreNotBelieved(t *testing.T) {
	r := start(t, true)
	for _, line := range []string{"", "x", `{"control":1}`, `{}`, `{"control":{}}` + "\nnonsense", `{"control":{}}` + "\n" + strings.Repeat("x", maxLine+1)} {
		conn, err := net.Dial("unix", r.control)
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(patience))
		fmt.Fprintln(conn, line)
		if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%.20q: %v", line, err)
		}
		conn.Close()
	}
}

func BenchmarkToHost(b *testing.B) {
	listener, _ := net.Listen("tcp4", "127.0.0.1:0")
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go io.Copy(io.Discard, conn)
		}
	}()
	r := start(b, false).boot()
	r.supervise(to(listener.Addr()))
	conn, err := r.dial(alias)
	if err != nil {
		b.Fatal(err)
	}
	conn.SetDeadline(time.Time{})
	block := make([]byte, 256<<10)
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		if _, err := conn.Write(block); err != nil {
			b.Fatal(err)
		}
	}
}
