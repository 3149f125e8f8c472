package process

import (
	"bytes"
	"testing"
)

func TestWindowKeepsWhatIsNotAcknowledged(t *testing.T) {
	var w window
	w.append([]byte("hello "))
	w.append([]byte("world"))
	if err := w.ack(6); err != nil {
		t.Fatal(err)
	}
	if err := w.ack(3); err != nil {
		t.Fatal("an old acknowledgement is an error:", err)
	}
	offset, b := w.from(0, 3)
	if offset != 6 || string(b) != "wor" {
		t.Errorf("%d %q", offset, b)
	}
	offset, b = w.from(9, 100)
	if offset != 9 || string(b) != "ld" {
		t.Errorf("%d %q", offset, b)
	}
	if w.room() != Window-5 {
		t.Errorf("room %d", w.room())
	}
	if w.ack(12) == nil {
		t.Error("acknowledging the future is accepted")
	}
	w.drop(100)
	if w.base != 11 || w.end() != 11 {
		t.Errorf("base %d end %d", w.base, w.end())
	}
}

func TestWindowStreams(t *testing.T) {
	var w window
	var in, out bytes.Buffer
	for n := 1; n < 5000; n += 7 {
		piece := bytes.Repeat([]byte{byte(n)}, min(n, w.room()))
		in.Write(piece)
		w.append(piece)
		offset, b := w.from(uint64(out.Len()), 2000)
		if offset != uint64(out.Len()) {
			t.Fatalf("offset %d, want %d", offset, out.Len())
		}
		out.Write(b)
		if err := w.ack(uint64(out.Len())); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(out.Bytes(), in.Bytes()[:out.Len()]) {
		t.Error("bytes differ")
	}
}
