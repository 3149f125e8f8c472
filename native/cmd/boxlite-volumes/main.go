// Command boxlite-volumes SOCKET serves the volumes of one box to its VM, whose end of the port QEMU
// serves at SOCKET. It reads what to serve from its standard input, says "ready" when it is connected, and ends with the VM: nobody has to end it.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/volumes"
)

// order is what comes on standard input, as JSON.
type order struct {
	Volumes []volumes.Volume `json:"volumes"`
}

const maxOrder = 1 << 20

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "boxlite-volumes:", err)
		os.Exit(1)
	}
}

func run() error {
	// Away from the terminal of whoever embeds the supervisor: its Ctrl-C is not for this process.
	if _, err := unix.Setsid(); err != nil {
		return fmt.Errorf("setsid: %w", err)
	}
	if len(os.Args) != 2 {
		return errors.New("usage: boxlite-volumes SOCKET")
	}
	var o order
	if err := json.NewDecoder(io.LimitReader(os.Stdin, maxOrder)).Decode(&o); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	if len(o.Volumes) == 0 {
		return errors.New("no volumes")
	}
	server, err := volumes.Open(o.Volumes)
	if err != nil {
		return err
	}
	conn, err := net.Dial("unix", os.Args[1])
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := os.Stdout.WriteString("ready\n"); err != nil {
		return err
	}
	os.Stdout.Close()
	return server.Serve(conn)
}
