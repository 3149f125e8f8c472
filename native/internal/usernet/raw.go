package usernet

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

var errAgain = errors.New("nothing there")

func rawConn(conn hostConn) (syscall.RawConn, error) {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return nil, errors.New("not a socket")
	}
	return c.SyscallConn()
}

func readNow(fd uintptr, b []byte) (int, error) {
	for {
		switch n, err := unix.Read(int(fd), b); err {
		case nil:
			return n, nil
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, errAgain
		default:
			return 0, err
		}
	}
}
