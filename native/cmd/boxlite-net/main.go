// Command boxlite-net is the network of one box (docs/network.md). It reads from its standard input what
// it is and, when there is a VM, the socket where QEMU serves its network card. It says "ready" when it is
// connected, and ends with the VM, or with its standard input before that.
package main

import (
	"runtime"
	"runtime/debug"

	"boxlite.io/native/internal/helper"
	"boxlite.io/native/internal/usernet"
)

// order is what comes on standard input first.
type order struct {
	Control string `json:"control"`
	Default string `json:"default"`
	MTU     int    `json:"mtu"`
}

const usualMTU = 1500

func main() { helper.Exit("boxlite-net", run()) }

func run() error {
	debug.SetMemoryLimit(usernet.SoftMemory)
	// A box that floods takes at most half of the host for its packets.
	runtime.GOMAXPROCS(max(1, runtime.NumCPU()/2))
	o := order{MTU: usualMTU}
	orders, err := helper.Begin(&o)
	if err != nil {
		return err
	}
	listener, err := usernet.Listen(o.Control)
	if err != nil {
		return err
	}
	defer listener.Close()
	conn, err := orders.Connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	network, err := usernet.New(conn, o.MTU, o.Default == "allow")
	if err != nil {
		return err
	}
	go network.Serve(listener)
	if err := helper.Ready(); err != nil {
		return err
	}
	return network.Run()
}
