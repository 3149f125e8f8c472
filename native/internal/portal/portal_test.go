package portal

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"
)

// record is a sink that keeps, per session, what it was given.
type record struct {
	sessions []*bytes.Buffer
	deaf     bool
}

func (r *record) data(b []byte) {
	if n := len(r.sessions); n > 0 && !r.deaf {
		r.sessions[n-1].Write(b)
	}
}
func (r *record) desynced()     { r.deaf = true }
func (r *record) synced(string) { r.sessions, r.deaf = append(r.sessions, &bytes.Buffer{}), false }

var cookie = strings.Repeat("0a", 16)

// nasty data is full of what looks like the beginning of a FLAG.
func nasty(r *rand.Rand) []byte {
	var b []byte
	for range 1 + r.IntN(6) {
		switch r.IntN(4) {
		case 0:
			b = append(b, flag[:r.IntN(len(flag)+1)]...)
		case 1:
			b = append(b, syncRequest(cookie)[r.IntN(padding):]...)
		case 2:
			b = append(b, 0, 0, 0, flag[0], flag[0])
		default:
			for range r.IntN(8) {
				b = append(b, byte(r.UintN(256)))
			}
		}
	}
	return b
}

func TestScannerGivesBackWhatWasStuffed(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		want := nasty(r)
		var st stuffer
		stream := append(syncRequest(cookie), st.stuff(want)...)
		var s scanner
		var got record
		for rest := stream; len(rest) > 0; {
			n := 1 + r.IntN(len(rest))
			s.scan(bytes.Clone(rest[:n]), &got)
			rest = rest[n:]
		}
		if len(got.sessions) != 1 || !bytes.Equal(got.sessions[0].Bytes(), want) {
			t.Fatalf("%q became %d sessions", want, len(got.sessions))
		}
	}
}

// A supervisor dies at any byte of its sync or of its data; the next one must get through, and
// the old session must not have been given anything that was not sent as its data.
func TestScannerFindsTheNextSyncWhereverTheStreamWasCut(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		old, fresh := nasty(r), nasty(r)
		var st, st2 stuffer
		stream := append(syncRequest(cookie), st.stuff(old)...)
		next := st2.stuff(fresh)
		for cut := range len(stream) + 1 {
			var s scanner
			var got record
			s.scan(bytes.Clone(stream[:cut]), &got)
			before := len(got.sessions)
			s.scan(syncRequest(cookie), &got)
			s.scan(bytes.Clone(next), &got)
			if len(got.sessions) != before+1 || !bytes.Equal(got.sessions[before].Bytes(), fresh) {
				t.Fatalf("cut at %d of %q: %d sessions", cut, stream, len(got.sessions))
			}
			if before == 1 && !bytes.HasPrefix(old, got.sessions[0].Bytes()) {
				t.Fatalf("cut at %d: old session was given %q of %q", cut, got.sessions[0].Bytes(), old)
			}
		}
	}
}

func TestScannerIgnoresBrokenCookies(t *testing.T) {
	for _, bad := range []string{
		flag + cookie[:31] + "\n", flag + cookie + "0\n", flag + strings.ToUpper(cookie) + "\n",
		flag + cookie + " ", flag + cookie[:5] + "x",
	} {
		var s scanner
		var got record
		s.scan([]byte(bad), &got)
		if len(got.sessions) != 0 {
			t.Errorf("%q made a session", bad)
		}
		s.scan([]byte(flag+cookie[:7]+flag+cookie+"\n"), &got)
		if len(got.sessions) != 1 {
			t.Errorf("after %q no session", bad)
		}
	}
}

func unixPair(t *testing.T) (guest, host net.Conn) {
	t.Helper()
	l, err := net.Listen("unix", t.TempDir()+"/s")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if host, err = net.Dial("unix", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if guest, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { guest.Close(); host.Close() })
	guest.SetDeadline(time.Time{})
	host.SetDeadline(time.Now().Add(20 * time.Second))
	return guest, host
}

func TestPortalEndsTheOldSessionEvenWhenItIsStuckWriting(t *testing.T) {
	guest, host := unixPair(t)
	p := New(guest)
	go p.Run()
	first, err := Sync(host)
	if err != nil {
		t.Fatal(err)
	}
	old, err := p.Accept()
	if err != nil {
		t.Fatal(err)
	}
	stuck := make(chan error, 1)
	go func() { // nobody reads this
		_, err := old.Write(bytes.Repeat([]byte("old"), 4<<20))
		stuck <- err
	}()
	if _, err := first.Write([]byte("unread")); err != nil {
		t.Fatal(err)
	}
	second, err := Sync(host) // reads what lies in the way
	if err != nil {
		t.Fatal(err)
	}
	if err := <-stuck; err == nil {
		t.Error("the old session could write all")
	}
	fresh, err := p.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := old.Write([]byte("more")); err == nil {
		t.Error("the old session still writes")
	}
	if n, err := old.Read(make([]byte, 1)); err == nil {
		t.Errorf("the old session still reads: %d", n)
	}
	go fresh.Write([]byte("answer"))
	got := make([]byte, 6)
	if _, err := io.ReadFull(second, got); err != nil || string(got) != "answer" {
		t.Errorf("%q %v", got, err)
	}
	second.Write([]byte(flag))
	got = make([]byte, len(flag))
	if _, err := io.ReadFull(fresh, got); err != nil || string(got) != flag {
		t.Errorf("%q %v", got, err)
	}
}

func FuzzScanner(f *testing.F) {
	f.Add([]byte(flag), []byte{0}, 3)
	f.Fuzz(func(t *testing.T, junk, want []byte, cut int) {
		var s scanner
		var got record
		s.scan(bytes.Clone(junk), &got)
		before := len(got.sessions)
		s.scan(syncRequest(cookie), &got)
		var st stuffer
		stuffedBytes := st.stuff(want)
		cut = max(0, min(cut, len(stuffedBytes)))
		s.scan(bytes.Clone(stuffedBytes[:cut]), &got)
		s.scan(bytes.Clone(stuffedBytes[cut:]), &got)
		if len(got.sessions) != before+1 || !bytes.Equal(got.sessions[before].Bytes(), want) {
			t.Fatal("lost")
		}
	})
}
