package portal

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net"
)

// maxSkipped is what a client reads before it gives up waiting for the answer to its sync.
const maxSkipped = 64 << 20

// Sync makes a supervisor's session of conn, the host's end of a portal: it synchronises and
// returns a connection that stuffs what is written. The caller sets deadlines on conn.
// The product's supervisor is Java; this is its model, and what the tests use.
func Sync(conn net.Conn) (net.Conn, error) {
	random := make([]byte, cookieLength/2)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	cookie := hex.EncodeToString(random)
	if _, err := conn.Write(syncRequest(cookie)); err != nil {
		return nil, err
	}
	want := answer(cookie)
	want = want[:len(want)-9]
	tail := make([]byte, 0, len(want))
	one := make([]byte, 1)
	for skipped := 0; !bytes.Equal(tail, want); skipped++ {
		if skipped > maxSkipped {
			return nil, fmt.Errorf("portal: no answer within %d bytes", maxSkipped)
		}
		if _, err := io.ReadFull(conn, one); err != nil {
			return nil, err
		}
		if len(tail) == len(want) {
			tail = append(tail[:0], tail[1:]...)
		}
		tail = append(tail, one[0])
	}
	version := make([]byte, 9)
	if _, err := io.ReadFull(conn, version); err != nil {
		return nil, err
	}
	if string(version) != fmt.Sprintf("%08x\n", ProtocolVersion) {
		return nil, fmt.Errorf("portal: agent speaks version %q", version)
	}
	return &stuffed{Conn: conn}, nil
}

func syncRequest(cookie string) []byte {
	return append(make([]byte, padding), flag+cookie+"\n"...)
}

// stuffed is the host's end of a session.
type stuffed struct {
	net.Conn
	stuffer
}

func (s *stuffed) Write(b []byte) (int, error) {
	if _, err := s.Conn.Write(s.stuff(b)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// stuffer inserts a zero byte wherever data would otherwise go on to spell FLAG.
type stuffer struct{ matched int }

func (s *stuffer) stuff(b []byte) []byte {
	out := make([]byte, 0, len(b)+len(b)/len(flag)+1)
	for _, c := range b {
		out = append(out, c)
		switch c {
		case flag[s.matched]:
			s.matched++
		case flag[0]:
			s.matched = 1
		default:
			s.matched = 0
		}
		if s.matched == len(flag)-1 {
			out = append(out, 0)
			s.matched = 0
		}
	}
	return out
}
