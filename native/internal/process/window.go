package process

import "errors"

// Window is how many bytes may be under way in each direction of each stream of a process: output
// that the supervisor has not acknowledged, and input that the process has not taken.
const Window = 256 << 10

var errAckBeyondEnd = errors.New("acknowledges output that was never sent")

// window holds the part of an output stream that is not acknowledged.
type window struct {
	base uint64 // offset in the stream of data[0]
	data []byte
}

func (w *window) end() uint64 { return w.base + uint64(len(w.data)) }

func (w *window) room() int { return Window - len(w.data) }

func (w *window) append(b []byte) { w.data = append(w.data, b...) }

// ack forgets what is before offset. Older acknowledgements than the newest are harmless.
func (w *window) ack(offset uint64) error {
	if offset > w.end() {
		return errAckBeyondEnd
	}
	if offset > w.base {
		w.drop(int(offset - w.base))
	}
	return nil
}

func (w *window) drop(n int) {
	n = min(n, len(w.data))
	w.base += uint64(n)
	if w.data = w.data[n:]; len(w.data) == 0 {
		w.data = nil
	}
}

// from returns at most limit bytes at offset, or at the oldest byte that is left. They are the
// window's own, valid until it changes.
func (w *window) from(offset uint64, limit int) (uint64, []byte) {
	offset = max(offset, w.base)
	if offset >= w.end() {
		return offset, nil
	}
	rest := w.data[offset-w.base:]
	return offset, rest[:min(limit, len(rest))]
}
