// Package uevent waits for devices.
package uevent

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Wait calls ready until it returns true: at once, and again whenever the kernel announces a
// change of its devices. It gives up when ctx ends.
func Wait(ctx context.Context, ready func() bool) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	events := os.NewFile(uintptr(fd), "uevent")
	defer events.Close()
	// Listening begins before the first look: nothing is missed.
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1}); err != nil {
		return os.NewSyscallError("bind", err)
	}
	defer context.AfterFunc(ctx, func() { events.SetReadDeadline(time.Unix(1, 0)) })()
	buf := make([]byte, 8<<10)
	for !ready() {
		// ENOBUFS says that events were lost: a reason to look as well.
		if _, err := events.Read(buf); err != nil && !errors.Is(err, unix.ENOBUFS) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return err
		}
	}
	return nil
}
