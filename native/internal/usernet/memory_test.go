//go:build !race

package usernet

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

const childVariable = "BOXLITE_NET_TEST_CONTROL" // the control socket of a child that is a network

func TestMain(m *testing.M) {
	if control := os.Getenv(childVariable); control != "" {
		if err := beNetwork(control); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// beNetwork is what boxlite-net does.
func beNetwork(control string) error {
	debug.SetMemoryLimit(SoftMemory)
	listener, err := Listen(control)
	if err != nil {
		return err
	}
	conn, err := net.FileConn(os.NewFile(3, "cable"))
	if err != nil {
		return err
	}
	network, err := New(conn, maxMTU, false)
	if err != nil {
		return err
	}
	go network.Serve(listener)
	fmt.Println("ready")
	return network.Run()
}

// startChild has the network in a process of its own, so that its memory can be told from the guest's.
func startChild(t *testing.T) (*rig, int) {
	t.Helper()
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	theirs, ours := os.NewFile(uintptr(ends[0]), "theirs"), os.NewFile(uintptr(ends[1]), "ours")
	cable, err := net.FileConn(ours)
	ours.Close()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, mtu: maxMTU, cable: cable, pings: make(chan []byte, 10), control: filepath.Join(t.TempDir(), "control.sock")}
	child := exec.Command("/proc/self/exe")
	child.Env = append(os.Environ(), childVariable+"="+r.control)
	child.ExtraFiles = []*os.File{theirs}
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	t.Cleanup(func() {
		cable.Close()
		if err := child.Wait(); err != nil {
			t.Error("the network: ", err)
		}
	})
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return r, child.Process.Pid
}

// mostMemory is the most that a process has had, in bytes.
func mostMemory(t *testing.T, pid int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		t.Fatal("no VmHWM")
	}
	kib, _ := strconv.ParseInt(string(found[1]), 10, 64)
	return kib << 10
}

// stuck is a server that reads nothing and writes without end.
func stuck(t *testing.T) net.Addr {
	t.Helper()
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.Map
	t.Cleanup(func() {
		listener.Close()
		all.Range(func(conn, _ any) bool { conn.(io.Closer).Close(); return true })
	})
	raw, _ := listener.SyscallConn()
	raw.Control(func(fd uintptr) { // what waits is to wait in the network, not in the kernel
		unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 4096)
		unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, 4096)
	})
	go func() {
		for {
			conn, err := listener.AcceptTCP()
			if err != nil {
				return
			}
			all.Store(conn, nil)
			go func() {
				block := make([]byte, 4096)
				for {
					if _, err := conn.Write(block); err != nil {
						return
					}
				}
			}()
		}
	}()
	return listener.Addr()
}

// Each flow is as full as it gets, the first ones with much more than is there for each at the end. Before them
// and beyond them there are beginnings of connections, datagrams and questions.
func TestMemoryStaysBounded(t *testing.T) {
	r, pid := startChild(t)
	r.boot()
	s := r.supervise(to(stuck(t)))
	r.flood()
	floods := mostMemory(t, pid)
	block := make([]byte, 4*mostBuffer)
	var begun atomic.Int64
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for begun.Load() < maxFlows {
				if conn, err := r.dial(alias); err == nil {
					conn.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
					conn.Write(block[:4*bufferFor(int(begun.Add(1)))])
				} else {
					begun.Add(1) // as full as it gets
				}
			}
		})
	}
	all.Wait()
	open := s.do(`"command":"figures"`)["figures"].(map[string]any)["open_flows"].(float64)
	if open < maxFlows*9/10 {
		t.Errorf("only %v flows", open)
	}
	flows := mostMemory(t, pid)
	r.flood()
	most := mostMemory(t, pid)
	t.Logf("floods %d MiB, %v flows %d MiB, floods again %d MiB", floods>>20, open, flows>>20, most>>20)
	if most > BoundMemory {
		t.Errorf("%d MiB", most>>20)
	}
}

// flood sends first segments, datagrams and questions from every port.
func (r *rig) flood() {
	target := netip.MustParseAddr("192.0.2.1")
	for port := uint16(1024); port < 65535; port++ {
		syn := make(header.TCP, header.TCPMinimumSize)
		syn.Encode(&header.TCPFields{SrcPort: port, DstPort: 80, SeqNum: 1, DataOffset: header.TCPMinimumSize, Flags: header.TCPFlagSyn, WindowSize: 1000})
		r.sendPacket(target, syn, uint8(tcp.ProtocolNumber))
		r.sendPacket(target, datagram(port, 7, make([]byte, 1000)), uint8(udp.ProtocolNumber))
		r.sendPacket(Gateway, datagram(port, dnsPort, ask(r.t, "www.example.com.")), uint8(udp.ProtocolNumber))
	}
}

func datagram(from, to uint16, data []byte) []byte {
	b := make(header.UDP, header.UDPMinimumSize, header.UDPMinimumSize+len(data))
	b.Encode(&header.UDPFields{SrcPort: from, DstPort: to, Length: uint16(header.UDPMinimumSize + len(data))})
	return append(b, data...)
}

// sendPacket sends one as the guest; nobody looks at the sums within.
func (r *rig) sendPacket(target netip.Addr, content []byte, protocol uint8) {
	frame := make([]byte, header.EthernetMinimumSize+header.IPv4MinimumSize, header.EthernetMinimumSize+header.IPv4MinimumSize+len(content))
	copy(frame, "\x5a\x94\xef\xe4\x0c\xdd\x5a\x94\xef\xe4\x0c\xee\x08\x00")
	header.IPv4(frame[header.EthernetMinimumSize:]).Encode(&header.IPv4Fields{
		TotalLength: uint16(header.IPv4MinimumSize + len(content)), TTL: 64, Protocol: protocol, DstAddr: address(target),
	})
	r.cable.Write(framed(fromGuest(append(frame, content...))))
}
