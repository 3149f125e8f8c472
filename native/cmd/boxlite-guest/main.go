// Command boxlite-guest is PID 1 of a box's VM: it makes the container and runs programs in it for
// the supervisor on the other side of the portal.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"boxlite.io/native/internal/agent"
	"boxlite.io/native/internal/boot"
	"boxlite.io/native/internal/container"
	"boxlite.io/native/internal/portal"
	"boxlite.io/native/internal/volumefs"
)

const (
	portName     = "boxlite.portal"
	portDeadline = 30 * time.Second
	minHeap      = 20 << 20
	maxHeap      = 48 << 20
)

func main() {
	switch os.Args[0] {
	case container.Arg0:
		container.PID1()
		return
	case volumefs.Arg0:
		volumefs.Carry()
		return
	case agent.RehearsalProgram:
		agent.Perform()
	}
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "boxlite-guest: runs only as the first process of a box's VM")
		os.Exit(2)
	}
	// Nobody else gets the first thread, which cannot end and stands for the process in /proc.
	runtime.LockOSThread()
	log.SetFlags(0)
	log.SetPrefix("boxlite-guest: ")
	if err := run(); err != nil {
		log.Print(err)
	}
	boot.PowerOff()
}

func run() error {
	if err := boot.Up(); err != nil {
		return fmt.Errorf("boot: %w", err)
	}
	debug.SetGCPercent(200) // streams make garbage: the default costs them a tenth or more
	if total, err := boot.Memory("MemTotal"); err == nil {
		// Beyond this the agent rather collects garbage than takes memory from the box.
		debug.SetMemoryLimit(min(max(total/10, minHeap), maxHeap))
	}
	ctx, cancel := context.WithTimeout(context.Background(), portDeadline)
	defer cancel()
	path, err := portal.FindPort(ctx, portName)
	if err != nil {
		return err
	}
	port, err := portal.OpenPort(path)
	if err != nil {
		return err
	}
	a, err := agent.New(port.Connected)
	if err != nil {
		return err
	}
	port.OnDisconnect = a.HostGone
	sessions := portal.New(port)
	go func() { log.Print("portal: ", sessions.Run()) }()
	log.Print("ready")
	a.Serve(sessions)
	return nil
}
