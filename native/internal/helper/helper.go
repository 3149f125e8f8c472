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

	"golang.org/x/sys/unix"
)

const maxInput = 1 << 20

// Orders are what the supervisor says on standard input, as JSON.
type Orders struct{ decoder *json.Decoder }

// Begin reads the first order: what to serve. The program's only argument is the file where its standard
// error goes, which tells whoever lists processes which box it is.
func Begin(order any) (*Orders, error) {
	// Away from the terminal of whoever embeds the supervisor: its Ctrl-C is not for this process.
	if _, err := unix.Setsid(); err != nil {
		return nil, fmt.Errorf("setsid: %w", err)
	}
	if len(os.Args) != 2 {
		return nil, errors.New("usage: PROGRAM LOG < ORDERS")
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
// there will be none.
func (o *Orders) Connect() (net.Conn, error) {
	var vm struct {
		Socket string `json:"socket"`
	}
	if err := o.next(&vm); err != nil {
		return nil, err
	}
	return net.Dial("unix", vm.Socket)
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
