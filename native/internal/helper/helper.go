// Package helper is what the processes beside a VM have in common: each serves something to one VM, is
// told what by the supervisor, outlives that, and ends with the VM.
package helper

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	maxInput    = 1 << 20
	listenLimit = 5 * time.Second
)

// Orders are what the supervisor says on standard input, as JSON.
type Orders struct{ decoder *json.Decoder }

// Begin reads the first order: what to serve. The program's only argument is the file where its standard
// error goes, which tells whoever lists processes which box it is. That file is locked for as long as this
// process lives: so its successor waits for its end, and so does whoever deletes what it served.
func Begin(order any) (*Orders, error) {
	// Away from the terminal of whoever embeds the supervisor: its Ctrl-C is not for this process.
	if _, err := unix.Setsid(); err != nil {
		return nil, fmt.Errorf("setsid: %w", err)
	}
	if len(os.Args) != 2 {
		return nil, errors.New("usage: PROGRAM LOG < ORDERS")
	}
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	for {
		err := unix.FcntlFlock(os.Stderr.Fd(), unix.F_OFD_SETLKW, &lock)
		if err == nil {
			break
		}
		if err != unix.EINTR {
			return nil, fmt.Errorf("lock %s: %w", os.Args[1], err)
		}
	}
	o := &Orders{json.NewDecoder(io.LimitReader(os.Stdin, maxInput))}
	return o, o.next(order)
}

func (o *Orders) next(order any) error {
	err := o.decoder.Decode(order)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("standard input: %w", err)
	}
	return err
}

// Connect waits until there is a VM, and connects to the socket where QEMU serves it. io.EOF means that
// there will be none. When QEMU hangs up, this process ends at once, whatever the guest has asked for
// before: nobody waits for an answer any more, and nothing may change after a box's end.
func (o *Orders) Connect() (net.Conn, error) {
	var vm struct {
		Socket string `json:"socket"`
	}
	if err := o.next(&vm); err != nil {
		return nil, err
	}
	conn, err := dial(vm.Socket)
	if err != nil {
		return nil, err
	}
	if err := endWith(conn); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// dial connects to a socket of QEMU. That of the network card has a name a moment before QEMU listens.
func dial(path string) (*net.UnixConn, error) {
	for end := time.Now().Add(listenLimit); ; time.Sleep(time.Millisecond) {
		conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
		if !errors.Is(err, unix.ECONNREFUSED) || time.Now().After(end) {
			return conn, err
		}
	}
}

// endWith ends this process when the other end of a connection is closed.
func endWith(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	// A descriptor of its own, as that of the connection may be closed and become another's.
	var watched int
	var failed error
	err = raw.Control(func(fd uintptr) { watched, failed = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) })
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	go func() {
		for {
			hangUp := []unix.PollFd{{Fd: int32(watched), Events: unix.POLLRDHUP}}
			if _, err := unix.Poll(hangUp, -1); err != unix.EINTR {
				os.Exit(0)
			}
		}
	}()
	return nil
}

// Ready tells the supervisor that the VM is served.
func Ready() error {
	if _, err := os.Stdout.WriteString("ready\n"); err != nil {
		return err
	}
	return os.Stdout.Close()
}

// Exit ends the program with what became of it.
func Exit(name string, err error) {
	if err != nil && err != io.EOF {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}
