// Command boxlite-net LOG is the network of one box (docs/network.md). LOG, where its standard error
// goes, only tells whoever lists processes which box it is. It reads from its standard input what it
// is and, when there is a VM, the socket where QEMU serves its network card. It says "ready" when it
// is connected, and ends with the VM, or with its standard input before that.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/usernet"
)

// order is what comes on standard input first, and vm what comes then, as JSON.
type order struct {
	Control string `json:"control"`
	Default string `json:"default"`
	MTU     int    `json:"mtu"`
}

type vm struct {
	Socket string `json:"socket"`
}

const (
	maxOrder   = 1 << 16
	usualMTU   = 1500
	softMemory = 256 << 20 // beyond this rather collect garbage
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "boxlite-net:", err)
		os.Exit(1)
	}
}

func run() error {
	// Away from the terminal of whoever embeds the supervisor: its Ctrl-C is not for this process.
	if _, err := unix.Setsid(); err != nil {
		return fmt.Errorf("setsid: %w", err)
	}
	if len(os.Args) != 2 {
		return errors.New("usage: boxlite-net LOG < ORDER")
	}
	debug.SetMemoryLimit(softMemory)
	input := json.NewDecoder(io.LimitReader(os.Stdin, maxOrder))
	o := order{MTU: usualMTU}
	if err := input.Decode(&o); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	listener, err := usernet.Listen(o.Control)
	if err != nil {
		return err
	}
	defer listener.Close()
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
	network, err := usernet.New(conn, o.MTU, o.Default == "allow")
	if err != nil {
		return err
	}
	go network.Serve(listener)
	if _, err := os.Stdout.WriteString("ready\n"); err != nil {
		return err
	}
	os.Stdout.Close()
	return network.Run()
}
