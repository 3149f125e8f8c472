package usernet

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	helloLimit  = 10 * time.Second
	maxHello    = 64 << 10
	inboundKind = "in" // of flows that the host begins; the supervisor does not decide on them
)

// peer is the supervisor.
type peer struct {
	conn *net.UnixConn
	out  chan []byte
	gone chan struct{}
	once sync.Once
}

func (s *peer) close() {
	s.once.Do(func() {
		close(s.gone)
		s.conn.Close()
	})
}

// Listen takes over the place of the control socket.
func Listen(path string) (*net.UnixListener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	// The name may be another's by the time that this ends: a box that is started again at once.
	listener.SetUnlinkOnClose(false)
	if err := os.Chmod(path, 0o600); err != nil {
		listener.Close()
		return nil, err
	}
	return listener, nil
}

// Serve takes connections to the control socket until the network ends.
func (n *Network) Serve(listener *net.UnixListener) {
	go func() {
		<-n.ctx.Done()
		listener.Close()
	}()
	for {
		conn, err := listener.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		go n.greet(conn)
	}
}

// greet finds out what a connection is for.
func (n *Network) greet(conn *net.UnixConn) {
	var hello struct {
		Control *struct{}              `json:"control"`
		Tunnel  *struct{ Port uint16 } `json:"tunnel"`
	}
	conn.SetDeadline(time.Now().Add(helloLimit))
	line, err := readLine(conn)
	if err == nil {
		err = json.Unmarshal(line, &hello)
	}
	conn.SetDeadline(time.Time{})
	switch {
	case err != nil:
	case hello.Control != nil:
		n.supervise(conn)
		return
	case hello.Tunnel != nil:
		n.tunnel(conn, hello.Tunnel.Port)
		return
	}
	conn.Close()
}

// readLine reads no byte beyond the line: those belong to whom it says.
func readLine(from io.Reader) ([]byte, error) {
	line, one := make([]byte, 0, 64), make([]byte, 1)
	for len(line) < maxHello {
		if _, err := io.ReadFull(from, one); err != nil {
			return nil, err
		}
		if one[0] == '\n' {
			return line, nil
		}
		line = append(line, one[0])
	}
	return nil, errors.New("line too long")
}

func (n *Network) tunnel(conn *net.UnixConn, port uint16) {
	defer conn.Close()
	f, err := n.begin(inboundKind, Guest.String(), port)
	if err == nil {
		defer n.end(f, nil)
		var guest *guestConn
		ctx, cancel := context.WithTimeout(n.ctx, dialLimit)
		guest, err = n.dialGuest(ctx, f, port)
		cancel()
		if err == nil {
			if _, err := io.WriteString(conn, "{\"ok\":true}\n"); err != nil {
				guest.endpoint.Abort()
				return
			}
			n.join(f, guest, conn)
			return
		}
	}
	line, _ := json.Marshal(map[string]string{"error": err.Error()})
	conn.SetDeadline(time.Now().Add(helloLimit))
	conn.Write(append(line, '\n'))
}

// supervise serves the supervisor, in place of the one before.
func (n *Network) supervise(conn *net.UnixConn) {
	s := &peer{conn: conn, out: make(chan []byte, maxQueue), gone: make(chan struct{})}
	n.policy.connect(s)
	defer n.policy.disconnect(s)
	defer s.close()
	go func() {
		defer s.close()
		for {
			select {
			case line := <-s.out:
				conn.SetWriteDeadline(time.Now().Add(writeLimit))
				if _, err := conn.Write(line); err != nil {
					return
				}
			case <-s.gone:
				return
			}
		}
	}()
	lines := bufio.NewReaderSize(conn, maxLine)
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return
		}
		var message struct {
			Answer *answer  `json:"answer"`
			Do     *command `json:"do"`
		}
		if json.Unmarshal(line, &message) != nil {
			return
		}
		switch {
		case message.Answer != nil:
			n.policy.take(*message.Answer)
		case message.Do != nil:
			if !s.send("done", n.do(*message.Do)) {
				return
			}
		default:
			return
		}
	}
}

// command is what the supervisor wants done.
type command struct {
	ID      uint64 `json:"id"`
	Command string `json:"command"`
	portMapping
	After          uint64   `json:"after"`
	Flows          flowList `json:"flows"`
	Verdict        string   `json:"verdict"`
	BytesPerSecond int64    `json:"bytes_per_second"`
}

// flowList is a list of flows, or, for limits, how many there may be.
type flowList struct {
	ids  []uint64
	most int
}

func (l *flowList) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &l.most) == nil {
		return nil
	}
	return json.Unmarshal(b, &l.ids)
}

type flowInfo struct {
	Flow    uint64 `json:"flow"`
	Kind    string `json:"kind"`
	Address string `json:"address"`
	Port    uint16 `json:"port"`
	Tag     string `json:"tag"`
}

func (n *Network) do(c command) map[string]any {
	done := map[string]any{"id": c.ID}
	var err error
	switch c.Command {
	case "publish":
		done["host_port"], err = n.ports.publish(c.portMapping)
	case "unpublish":
		err = n.ports.unpublish(c.portMapping)
	case "ports":
		done["ports"] = n.ports.list()
	case "flows":
		done["flows"] = n.list(c.After)
	case "cut":
		n.cut(c.Flows.ids)
	case "default":
		n.policy.setDefault(c.Verdict == "allow")
	case "limits":
		n.limits(c.BytesPerSecond, c.Flows.most)
	case "figures":
		done["figures"] = n.Figures()
	default:
		err = errors.New("unknown command")
	}
	if err != nil {
		return map[string]any{"id": c.ID, "error": err.Error()}
	}
	return done
}

// list returns flows in the order of their numbers, as many as fit into a line.
func (n *Network) list(after uint64) []flowInfo {
	n.mu.Lock()
	all := []flowInfo{}
	for id, f := range n.flows {
		if id > after && (f.kind == "tcp" || f.kind == "udp") {
			all = append(all, flowInfo{id, f.kind, f.address, f.port, f.tag})
		}
	}
	n.mu.Unlock()
	slices.SortFunc(all, func(a, b flowInfo) int { return int(a.Flow) - int(b.Flow) })
	const other = 100 // of a flow, beside its tag; 6 bytes for the worst of characters
	room := maxLine / 2
	for i, f := range all {
		if room -= other + 6*len(f.Tag); room < 0 {
			return all[:i]
		}
	}
	return all
}

func (n *Network) cut(ids []uint64) {
	for _, id := range ids {
		n.mu.Lock()
		f := n.flows[id]
		n.mu.Unlock()
		if f != nil {
			f.cut()
		}
	}
}

// limits of each direction and of flows; 0: none but our own.
func (n *Network) limits(bytesPerSecond int64, flows int) {
	n.mu.Lock()
	n.limit = maxFlows
	if flows > 0 {
		n.limit = min(flows, maxFlows)
	}
	n.mu.Unlock()
	var to, from *rate.Limiter
	if bytesPerSecond > 0 {
		burst := int(min(max(bytesPerSecond/10, 64<<10), 1<<30))
		to, from = rate.NewLimiter(rate.Limit(bytesPerSecond), burst), rate.NewLimiter(rate.Limit(bytesPerSecond), burst)
	}
	n.toGuest.Store(to)
	n.fromGuest.Store(from)
}

// Figures are what the box has done so far.
func (n *Network) Figures() map[string]int64 {
	f := &n.figures
	return map[string]int64{
		"bytes_sent": f.BytesSent.Load(), "bytes_received": f.BytesReceived.Load(),
		"packets_sent": f.PacketsSent.Load(), "packets_received": f.PacketsReceived.Load(),
		"tcp_connections": f.TCPConnections.Load(), "tcp_errors": f.TCPErrors.Load(),
		"udp_flows": f.UDPFlows.Load(), "open_flows": int64(n.openFlows()),
		"denials": f.Denials.Load(), "dns_questions": f.DNSQuestions.Load(),
	}
}
