package portal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/uevent"
)

// Port is an open virtio-serial port. It is edge-triggered: Go's poller registers the descriptor
// once, so a host end that stays closed (which the kernel reports as readable and hung up for as
// long as it lasts) wakes nobody.
type Port struct {
	file      *os.File
	raw       syscall.RawConn
	connected atomic.Bool
	// OnDisconnect, if set before the first Read, is called when the host's end has closed.
	OnDisconnect func()
}

// FindPort returns the device file of the virtio-serial port with that name, waiting for it.
func FindPort(ctx context.Context, name string) (path string, err error) {
	err = uevent.Wait(ctx, func() bool {
		files, _ := filepath.Glob("/sys/class/virtio-ports/*/name")
		for _, file := range files {
			if b, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(b)) == name {
				path = "/dev/" + filepath.Base(filepath.Dir(file))
				return true
			}
		}
		return false
	})
	if err != nil {
		return "", fmt.Errorf("virtio-serial port %s: %w", name, err)
	}
	return path, nil
}

// OpenPort opens a port, which the kernel allows once at a time. It must never be closed: what is
// queued for the guest would be lost.
func OpenPort(path string) (*Port, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	file := os.NewFile(uintptr(fd), path)
	raw, err := file.SyscallConn()
	if err != nil {
		return nil, err
	}
	return &Port{file: file, raw: raw}, nil
}

// Connected says whether the host's end was open when the guest last looked.
func (p *Port) Connected() bool { return p.connected.Load() }

// Read waits for bytes, also through the times when nobody is connected.
func (p *Port) Read(b []byte) (n int, err error) {
	waitErr := p.raw.Read(func(fd uintptr) bool {
		n, err = ignoringEINTR(func() (int, error) { return unix.Read(int(fd), b) })
		switch {
		case n > 0:
			p.connected.Store(true)
			return true
		case n == 0 && err == nil: // the host's end is closed
			if p.connected.Swap(false) && p.OnDisconnect != nil {
				p.OnDisconnect()
			}
			return false
		default:
			return err != unix.EAGAIN
		}
	})
	if waitErr != nil {
		err = waitErr
	}
	return max(n, 0), err
}

// Write writes all of b, or as much as could be written before the write deadline.
func (p *Port) Write(b []byte) (int, error) {
	written := 0
	for written < len(b) {
		var n int
		var err error
		waitErr := p.raw.Write(func(fd uintptr) bool {
			n, err = ignoringEINTR(func() (int, error) { return unix.Write(int(fd), b[written:]) })
			return err != unix.EAGAIN
		})
		if waitErr != nil {
			return written, waitErr
		}
		if err != nil {
			return written, err
		}
		written += n
	}
	return written, nil
}

// SetWriteDeadline wakes a Write that waits.
func (p *Port) SetWriteDeadline(t time.Time) error { return p.file.SetWriteDeadline(t) }

func ignoringEINTR(f func() (int, error)) (int, error) {
	for {
		if n, err := f(); err != unix.EINTR {
			return n, err
		}
	}
}
