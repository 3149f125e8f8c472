package container

import (
	"encoding/binary"
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
	Volumes   []Volume          // in the order of their mounting
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

// message is what goes over the socket. It is encoded by hand: reflection would cost every start a
// hundredth of a second of an emulated guest.
type message interface {
	encode(*encoder)
	decode(*decoder)
}

func (s *setup) encode(e *encoder) {
	e.text(s.Rootfs)
	e.text(s.Hostname)
	e.number(uint64(len(s.Files)))
	for target, source := range s.Files {
		e.text(target)
		e.text(source)
	}
	e.text(s.MachineID)
	e.number(uint64(len(s.Volumes)))
	for _, v := range s.Volumes {
		e.text(v.Source)
		e.text(v.Target)
		e.flag(v.ReadOnly)
	}
	e.text(s.Cwd)
	e.flag(s.TTY)
	e.flag(s.Execs)
	e.number(uint64(s.Caps))
	e.number(uint64(s.LastCap))
}

func (s *setup) decode(d *decoder) {
	s.Rootfs, s.Hostname = d.text(), d.text()
	s.Files = map[string]string{}
	for n := d.number(); n > 0 && !d.short; n-- {
		target := d.text()
		s.Files[target] = d.text()
	}
	s.MachineID = d.text()
	for n := d.number(); n > 0 && !d.short; n-- {
		s.Volumes = append(s.Volumes, Volume{Source: d.text(), Target: d.text(), ReadOnly: d.flag()})
	}
	s.Cwd = d.text()
	s.TTY, s.Execs = d.flag(), d.flag()
	s.Caps, s.LastCap = caps.Set(d.number()), int(d.number())
}

func (p *program) encode(e *encoder) {
	e.texts(p.Paths)
	e.texts(p.Argv)
	e.texts(p.Env)
	e.text(p.Dir)
	e.number(uint64(p.UID))
	e.number(uint64(p.GID))
	e.number(uint64(len(p.Groups)))
	for _, group := range p.Groups {
		e.number(uint64(group))
	}
	e.flag(p.TTY)
}

func (p *program) decode(d *decoder) {
	p.Paths, p.Argv, p.Env, p.Dir = d.texts(), d.texts(), d.texts(), d.text()
	p.UID, p.GID = uint32(d.number()), uint32(d.number())
	for n := d.number(); n > 0 && !d.short; n-- {
		p.Groups = append(p.Groups, uint32(d.number()))
	}
	p.TTY = d.flag()
}

func (r *report) encode(e *encoder) {
	e.text(r.Step)
	e.text(r.Error)
	e.number(uint64(r.Errno))
}

func (r *report) decode(d *decoder) {
	r.Step, r.Error, r.Errno = d.text(), d.text(), unix.Errno(d.number())
}

// encoder holds numbers of 64 bits, and texts behind their length.
type encoder []byte

func (e *encoder) number(n uint64) { *e = binary.BigEndian.AppendUint64(*e, n) }

func (e *encoder) flag(on bool) {
	if on {
		e.number(1)
	} else {
		e.number(0)
	}
}

func (e *encoder) text(s string) {
	e.number(uint64(len(s)))
	*e = append(*e, s...)
}

func (e *encoder) texts(list []string) {
	e.number(uint64(len(list)))
	for _, s := range list {
		e.text(s)
	}
}

// decoder reads them again; short is set when there is less than was asked for.
type decoder struct {
	rest  []byte
	short bool
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.rest)) {
		d.short, d.rest = true, nil
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) number() uint64 {
	if b := d.bytes(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (d *decoder) flag() bool { return d.number() != 0 }

func (d *decoder) text() string { return string(d.bytes(d.number())) }

func (d *decoder) texts() (list []string) {
	for n := d.number(); n > 0 && !d.short; n-- {
		list = append(list, d.text())
	}
	return list
}

func reportOf(step string, err error) *report {
	var errno unix.Errno
	errors.As(err, &errno)
	return &report{step, err.Error(), errno}
}

func send(f *os.File, m message, fds ...int) error {
	var e encoder
	m.encode(&e)
	b := []byte(e)
	header := binary.BigEndian.AppendUint32(nil, uint32(len(b)))
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	if err := unix.Sendmsg(int(f.Fd()), header, rights, nil, 0); err != nil {
		return err
	}
	_, err := f.Write(b)
	return err
}

func receive(f *os.File, m message) (fds []int, err error) {
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
	d := decoder{rest: b}
	m.decode(&d)
	if d.short || len(d.rest) > 0 {
		return fds, errors.New("a message that cannot be read")
	}
	return fds, nil
}
