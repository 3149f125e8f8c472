package volumefs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/portal"
	"boxlite.io/native/internal/process"
)

const (
	// Arg0 is how the agent's binary is called when it is to be the carrier.
	Arg0 = "boxlite-volumes-carrier"

	portName = "boxlite.volumes"
	socketFD = 3 // the carrier's end of the socket pair
)

// Carrier is the process that carries the messages. Starting it takes longer than what it has to do
// before there are volumes. Confined to one goroutine.
type Carrier struct {
	socket  *os.File
	reports *json.Decoder
	ready   bool
}

// order is what it is told, once.
type order struct {
	Dir string
	UID uint32
	GID uint32
}

// report is what it says, once when it has the port and once when the volumes are there.
type report struct {
	Error string
}

// Start starts it.
func Start(table *process.Table) (*Carrier, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	socket := os.NewFile(uintptr(pair[0]), "carrier")
	defer unix.Close(pair[1])
	if err := fork(table, pair[1]); err != nil {
		socket.Close()
		return nil, fmt.Errorf("process that carries volumes: %w", err)
	}
	return &Carrier{socket: socket, reports: json.NewDecoder(socket)}, nil
}

func fork(table *process.Table, socket int) error {
	null, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	pid, err := table.Fork(func() (int, error) {
		return syscall.ForkExec(binary, []string{Arg0}, &syscall.ProcAttr{
			Dir:   "/",
			Files: []uintptr{null.Fd(), null.Fd(), 2, uintptr(socket)},
			Sys:   &syscall.SysProcAttr{Setsid: true},
		})
	}, func(status syscall.WaitStatus) { log.Printf("volumes: their carrier has ended: %#x", status) })
	if err != nil {
		return err
	}
	return os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), []byte("-1000"), 0)
}

// Await waits until it has the port.
func (c *Carrier) Await() error {
	if c.ready {
		return nil
	}
	c.ready = true
	return c.report()
}

func (c *Carrier) report() error {
	var r report
	if err := c.reports.Decode(&r); err != nil {
		return fmt.Errorf("process that carries volumes: %w", err)
	}
	if r.Error != "" {
		return errors.New(r.Error)
	}
	return nil
}

// Mount mounts all volumes at dir, which is made: as entries that are named by their numbers. The
// files of the host's user look like those of uid and gid. To be called once.
func (c *Carrier) Mount(dir string, uid, gid uint32) error {
	if err := c.Await(); err != nil {
		return err
	}
	if err := json.NewEncoder(c.socket).Encode(order{dir, uid, gid}); err != nil {
		return err
	}
	return c.report()
}

// Carry is the carrier's main function.
func Carry() {
	log.SetFlags(0)
	log.SetPrefix("boxlite-guest: volumes: ")
	unix.CloseOnExec(socketFD)
	socket := os.NewFile(socketFD, "agent")
	if err := serve(socket); err != nil {
		json.NewEncoder(socket).Encode(report{err.Error()})
		os.Exit(1)
	}
	select {} // until the VM ends; without volumes they fail
}

func serve(socket *os.File) error {
	// Nobody else may look into this process.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	path, err := portal.FindPort(ctx, portName)
	if err != nil {
		return err
	}
	port, err := portal.OpenPort(path)
	if err != nil {
		return err
	}
	reports := json.NewEncoder(socket)
	if err := reports.Encode(report{}); err != nil {
		return err
	}
	var o order
	if err := json.NewDecoder(socket).Decode(&o); err != nil {
		return err
	}
	if err := carry(port, o.Dir, o.UID, o.GID); err != nil {
		return err
	}
	return reports.Encode(report{})
}
