// Package portal turns the one virtio-serial port of the VM into a sequence of connections, as
// docs/portal.md describes: a supervisor that takes over announces itself with a FLAG and a fresh
// cookie, which are recognised at any position of the stream.
package portal

import (
	"bytes"
	"fmt"
)

// ProtocolVersion is the version of the agent's contract that a sync answer carries.
const ProtocolVersion = 1

const (
	flag         = "\xf9boxlite-sync-v1"
	cookieLength = 32
	padding      = 16 // zero bytes that a sync begins with
)

// sink is told what a scanner finds. Data is only valid during the call.
type sink interface {
	data(b []byte)
	// desynced says that a FLAG has been seen: no more data belongs to the session before it.
	desynced()
	synced(cookie string)
}

// scanner takes the stuffing out of what the host sends and finds the syncs in it.
type scanner struct {
	matched  int  // bytes of FLAG that the input ends with
	inCookie bool // FLAG has been seen, its cookie not yet
	cookie   []byte
}

// scan takes the next bytes of the stream; it overwrites b.
//
// Bytes that may turn out to be the beginning of a FLAG are passed on at once: to hold them back
// would hold back the end of a message. When they do turn out so, and stand in the same b, they
// and the padding before them are still kept from the session, so that half a frame of a dead
// supervisor is not completed by its successor's sync. (QEMU hands a sync, being one write, to the
// guest as one buffer, and a read returns at most one.)
func (s *scanner) scan(b []byte, to sink) {
	out := b[:0]
	for i := 0; i < len(b); {
		if s.inCookie {
			s.cookieByte(b[i], to)
			i++
			continue
		}
		if s.matched == 0 {
			n := bytes.IndexByte(b[i:], flag[0])
			if n < 0 {
				n = len(b) - i
			}
			out = append(out, b[i:i+n]...)
			if i += n; i == len(b) {
				break
			}
		}
		c := b[i]
		i++
		switch {
		case s.matched == len(flag)-1 && c == 0: // stuffing
			s.matched = 0
			continue
		case c == flag[s.matched]:
			s.matched++
		case c == flag[0]:
			s.matched = 1
		default:
			s.matched = 0
		}
		if s.matched < len(flag) {
			out = append(out, c)
			continue
		}
		if out = withoutSync(out); len(out) > 0 {
			to.data(out)
		}
		out = b[:0]
		s.matched, s.inCookie, s.cookie = 0, true, s.cookie[:0]
		to.desynced()
	}
	if len(out) > 0 {
		to.data(out)
	}
}

// withoutSync removes the FLAG (but its last byte) that b ends with, and the padding before it, as
// far as they are in b.
func withoutSync(b []byte) []byte {
	b = b[:len(b)-min(len(b), len(flag)-1)]
	for n := 0; n < padding && len(b) > 0 && b[len(b)-1] == 0; n++ {
		b = b[:len(b)-1]
	}
	return b
}

func (s *scanner) cookieByte(c byte, to sink) {
	switch {
	case c == flag[0]:
		s.inCookie, s.matched = false, 1
	case len(s.cookie) < cookieLength && (c >= '0' && c <= '9' || c >= 'a' && c <= 'f'):
		s.cookie = append(s.cookie, c)
	case len(s.cookie) == cookieLength && c == '\n':
		s.inCookie = false
		to.synced(string(s.cookie))
	default:
		s.inCookie = false
	}
}

// answer is what the agent sends to accept the sync with that cookie.
func answer(cookie string) []byte {
	return fmt.Appendf(nil, "%s%s%08x\n", flag, cookie, ProtocolVersion)
}
