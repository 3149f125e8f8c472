package boot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The network of every box, docs/network.md. None ever sees another's.
var (
	address = [4]byte{192, 168, 127, 2}
	netmask = [4]byte{255, 255, 255, 0}
	gateway = [4]byte{192, 168, 127, 1}
)

const card = "eth0"

// networkUp gives the network card, if there is one, its address: in the template already, so that a
// restored VM has nothing to do.
func networkUp() error {
	if !HasNetwork() {
		return nil
	}
	// First: an interface that comes up with IPv6 talks, and waits for answers that never come.
	if err := os.WriteFile("/proc/sys/net/ipv6/conf/"+card+"/disable_ipv6", []byte("1"), 0); err != nil && !os.IsNotExist(err) {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for _, step := range []struct {
		request uint
		value   [4]byte
	}{{unix.SIOCSIFADDR, address}, {unix.SIOCSIFNETMASK, netmask}} {
		request, err := unix.NewIfreq(card)
		if err != nil {
			return err
		}
		if err := request.SetInet4Addr(step.value[:]); err != nil {
			return err
		}
		if err := unix.IoctlIfreq(fd, step.request, request); err != nil {
			return fmt.Errorf("address of %s: %w", card, err)
		}
	}
	if err := interfaceUp(fd, card); err != nil {
		return err
	}
	route := defaultRoute()
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCADDRT, uintptr(unsafe.Pointer(&route[0]))); errno != 0 {
		return fmt.Errorf("default route: %w", errno)
	}
	return nil
}

// defaultRoute is a struct rtentry that leads to the gateway.
func defaultRoute() []byte {
	const size, destination, via, mask, flags = 120, 8, 24, 40, 56
	entry := make([]byte, size)
	for _, at := range []int{destination, via, mask} {
		binary.NativeEndian.PutUint16(entry[at:], unix.AF_INET)
	}
	copy(entry[via+4:], gateway[:])
	binary.NativeEndian.PutUint16(entry[flags:], unix.RTF_UP|unix.RTF_GATEWAY)
	return entry
}

func interfaceUp(fd int, name string) error {
	request, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}

// HasNetwork says whether the VM has a network card.
func HasNetwork() bool {
	_, err := os.Stat("/sys/class/net/" + card)
	return err == nil
}

// DropNetwork takes the network card from the VM until it ends.
func DropNetwork() error {
	device, err := filepath.EvalSymlinks("/sys/class/net/" + card + "/device")
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	driver, err := filepath.EvalSymlinks(device + "/driver")
	if err != nil {
		return err
	}
	return os.WriteFile(driver+"/unbind", []byte(filepath.Base(device)), 0)
}
