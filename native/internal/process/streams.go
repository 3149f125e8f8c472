package process

import (
	"errors"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	chunk    = 64 << 10
	ttyDrain = 128 << 10 // more than a terminal can hold
)

// buffers are shared: a process that says nothing holds none.
var buffers = sync.Pool{New: func() any { return new([chunk]byte) }}

// streams are both ends of a process's standard streams.
type streams struct {
	child   [3]*os.File
	input   *os.File
	outputs []*os.File
	tty     bool

	once sync.Once // of closing input
}

func (p *Process) openStreams() error {
	s := &p.streams
	if p.options.TTY != nil {
		master, slave, err := p.options.TTY()
		if err != nil {
			return err
		}
		s.tty, s.input, s.outputs = true, master, []*os.File{master}
		s.child = [3]*os.File{slave, slave, slave}
		return s.resize(p.options.Rows, p.options.Cols)
	}
	for i := range s.child {
		var fds [2]int
		if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
			s.close()
			return os.NewSyscallError("pipe2", err)
		}
		ours, theirs := fds[0], fds[1]
		if i == 0 {
			ours, theirs = theirs, ours
		}
		unix.SetNonblock(ours, true) // before NewFile, which then gives it to the poller
		file := os.NewFile(uintptr(ours), "pipe")
		s.child[i] = os.NewFile(uintptr(theirs), "pipe")
		if i == 0 {
			s.input = file
		} else {
			s.outputs = append(s.outputs, file)
		}
	}
	return nil
}

func (s *streams) closeChild() {
	for _, f := range s.child {
		f.Close() // a nil or closed File only returns an error
	}
}

// closeInput ends the process's input. A terminal has one file for both directions, which the pump
// closes.
func (s *streams) closeInput() {
	if !s.tty {
		s.once.Do(func() { s.input.Close() })
	}
}

func (s *streams) close() {
	s.closeChild()
	if s.input != nil {
		s.input.Close()
	}
	for _, f := range s.outputs {
		f.Close()
	}
}

func (s *streams) resize(rows, cols uint16) error {
	raw, err := s.input.SyscallConn()
	if err != nil {
		return err
	}
	var ioctlErr error
	err = raw.Control(func(fd uintptr) {
		ioctlErr = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: cols})
	})
	return errors.Join(err, ioctlErr)
}

// pump moves one output stream into its window until it ends; after the process has ended, only
// what the pipe held then.
func (p *Process) pump(i int, f *os.File) {
	defer func() {
		f.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		p.pumping--
		if p.exit != nil {
			p.notify()
		}
	}()
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	left := -1 // bytes to take at most; negative: the process runs
	for left != 0 {
		room := p.waitForRoom(i)
		if room == 0 {
			return
		}
		if left > 0 {
			room = min(room, left)
		}
		var n int
		var readErr error
		err := raw.Read(func(fd uintptr) bool {
			n, readErr = p.readInto(i, int(fd), room)
			return readErr != unix.EAGAIN || left > 0
		})
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded): // the process has ended
			f.SetReadDeadline(time.Time{})
			left = p.capacity(raw)
		case err != nil || readErr != nil || n == 0:
			return
		case left > 0:
			left -= n
		}
	}
}

// capacity is how much the stream can hold at most.
func (p *Process) capacity(raw interface{ Control(func(uintptr)) error }) int {
	n := ttyDrain
	if !p.TTY() {
		raw.Control(func(fd uintptr) {
			if size, err := unix.FcntlInt(fd, unix.F_GETPIPE_SZ, 0); err == nil {
				n = size
			}
		})
	}
	return n
}

func (p *Process) readInto(i, fd, room int) (n int, err error) {
	buffer := buffers.Get().(*[chunk]byte)
	defer buffers.Put(buffer)
	for {
		if n, err = unix.Read(fd, buffer[:min(room, chunk)]); err != unix.EINTR {
			break
		}
	}
	if n <= 0 {
		return 0, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.released {
		p.out[i].append(buffer[:n])
		if p.attachment != nil {
			p.attachment.wakeUp()
		}
	}
	return n, nil
}

// waitForRoom returns how much may be read; 0: nobody will ever want it.
func (p *Process) waitForRoom(i int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.released {
		if room := p.out[i].room(); room > 0 {
			return room
		}
		if p.options.Lossy != nil && (p.attachment == nil || p.options.Lossy()) {
			p.out[i].drop(chunk)
			continue
		}
		p.changed.Wait()
	}
	return 0
}

// feed writes what is accepted to the process, until all is written or nobody takes it.
func (p *Process) feed() {
	last := byte('\n')
	for {
		p.mu.Lock()
		for len(p.stdin) == 0 && !p.eof && !p.gone {
			p.changed.Wait()
		}
		if p.gone {
			p.mu.Unlock()
			return
		}
		piece := p.stdin[:min(chunk, len(p.stdin))]
		p.mu.Unlock()
		if len(piece) == 0 {
			p.streams.sendEOF(last)
			return
		}
		last = piece[len(piece)-1]
		_, err := p.streams.input.Write(piece)

		p.mu.Lock()
		if err != nil { // it does not read any more: take and drop the rest
			p.gone, p.written, p.stdin = true, p.accepted, nil
		}
		if !p.gone {
			p.written += uint64(len(piece))
			if p.stdin = p.stdin[len(piece):]; len(p.stdin) == 0 {
				p.stdin = nil
			}
		}
		p.notify()
		p.mu.Unlock()
	}
}

// sendEOF makes the process see the end of its input: at a terminal by typing its end-of-file
// character, which after an unfinished line takes two.
func (s *streams) sendEOF(last byte) {
	if !s.tty {
		s.closeInput()
		return
	}
	raw, err := s.input.SyscallConn()
	if err != nil {
		return
	}
	var mode *unix.Termios
	raw.Control(func(fd uintptr) { mode, err = unix.IoctlGetTermios(int(fd), unix.TCGETS) })
	if err != nil || mode == nil || mode.Lflag&unix.ICANON == 0 {
		return
	}
	eof := []byte{mode.Cc[unix.VEOF], mode.Cc[unix.VEOF]}
	if last == '\n' {
		eof = eof[:1]
	}
	s.input.Write(eof)
}
