// Command boxlite-volumes serves the volumes of one box to its VM (docs/volumes.md). It reads what to
// serve from its standard input and, when there is a VM, the socket where QEMU serves the host's end of the
// port. It says "ready" when it is connected, and ends with the VM, or with its standard input before that:
// nobody has to end it.
package main

import (
	"errors"

	"boxlite.io/native/internal/helper"
	"boxlite.io/native/internal/volumes"
)

// order is what comes on standard input first.
type order struct {
	Volumes []volumes.Volume `json:"volumes"`
}

func main() { helper.Exit("boxlite-volumes", run()) }

func run() error {
	var o order
	orders, err := helper.Begin(&o)
	if err != nil {
		return err
	}
	if len(o.Volumes) == 0 {
		return errors.New("no volumes")
	}
	server, err := volumes.Open(o.Volumes)
	if err != nil {
		return err
	}
	conn, err := orders.Connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := helper.Ready(); err != nil {
		return err
	}
	return server.Serve(conn)
}
