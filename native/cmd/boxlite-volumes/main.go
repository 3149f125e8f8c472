// Command boxlite-volumes LOG serves the volumes of one box to its VM. LOG, where its standard error
// goes, only tells whoever lists processes which box it is. It reads what to serve from its
// standard input and, when there is a VM, the socket where QEMU serves the host's end of the port. It
// says "ready" when it is connected, and ends with the VM, or with its standard input before that:
// nobody has to end it.
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

// order is what comes on standard input first, and vm what comes then, as JSON.
type order struct {
	Volumes []volumes.Volume `json:"volumes"`
}

type vm struct {
	Socket string `json:"socket"`
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
		return errors.New("usage: boxlite-volumes LOG < ORDER")
	}
	input := json.NewDecoder(io.LimitReader(os.Stdin, maxOrder))
	var o order
	if err := input.Decode(&o); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	if len(o.Volumes) == 0 {
		return errors.New("no volumes")
	}
	server, err := volumes.Open(o.Volumes)
	if err != nil {
		return err
	}
	var v vm
	switch err := input.Decode(&v); {
	case err == io.EOF: // the VM did not come to be
		return nil
	case err != nil:
		return fmt.Errorf("standard input: %w", err)
	}
	conn, err := net.Dial("unix", v.Socket)
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
