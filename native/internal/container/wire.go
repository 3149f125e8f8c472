package container

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/caps"
)

// The agent and the container's PID 1 talk over a socket pair: the agent sends a setup, PID 1 makes
// the container around itself and reports; if init is to be PID 1, the agent later sends a program
// with its three files, and the socket closes when that has been executed. No program of the user
// runs while PID 1 still reads.

const maxMessage = 16 << 20

// setup is what the container's PID 1 makes.
type setup struct {
	Rootfs    string
	Hostname  string
	Files     map[string]string // path in the container: file in the VM to mount over it
	MachineID string            // file in the VM to mount over an /etc/machine-id that exists
	Cwd       string            // made if missing
	TTY       bool              // init has a terminal
	Execs     bool              // init is to be executed by PID 1
	Caps      caps.Set
	LastCap   int
}

// program is a resolved command.
type program struct {
	Paths    []string // to try in this order
	Argv     []string
	Env      []string
	Dir      string
	UID, GID uint32
	Groups   []uint32
	TTY      bool
}

// report is PID 1's answer: empty when it succeeded.
type report struct {
	Step  string
	Error string
	Errno unix.Errno
}

func (r report) err() error {
	if r.Error == "" {
		return nil
	}
	return fmt.Errorf("%s: %s", r.Step, r.Error)
}

func reportOf(step string, err error) report {
	var errno unix.Errno
	errors.As(err, &errno)
	return report{step, err.Error(), errno}
}

func send(f *os.File, message any, fds ...int) error {
	b, err := json.Marshal(message)
	if err != nil {
		return err
	}
	header := binary.BigEndian.AppendUint32(nil, uint32(len(b)))
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	if err := unix.Sendmsg(int(f.Fd()), header, rights, nil, 0); err != nil {
		return err
	}
	_, err = f.Write(b)
	return err
}

func receive(f *os.File, message any) (fds []int, err error) {
	header, rights := make([]byte, 4), make([]byte, unix.CmsgSpace(3*4))
	var n, oobn int
	for {
		n, oobn, _, _, err = unix.Recvmsg(int(f.Fd()), header, rights, unix.MSG_WAITALL|unix.MSG_CMSG_CLOEXEC)
		if err != unix.EINTR {
			break
		}
	}
	switch {
	case err != nil:
		return nil, err
	case n == 0:
		return nil, io.EOF
	case n < len(header):
		return nil, io.ErrUnexpectedEOF
	}
	if messages, err := unix.ParseSocketControlMessage(rights[:oobn]); err == nil && len(messages) == 1 {
		if fds, err = unix.ParseUnixRights(&messages[0]); err != nil {
			return nil, err
		}
	}
	size := binary.BigEndian.Uint32(header)
	if size > maxMessage {
		return fds, fmt.Errorf("message of %d bytes", size)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(f, b); err != nil {
		return fds, err
	}
	return fds, json.Unmarshal(b, message)
}
