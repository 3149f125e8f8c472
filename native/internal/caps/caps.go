// Package caps computes and applies the capabilities of a container.
package caps

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// names are the capabilities of Linux by number.
var names = []string{
	"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID",
	"SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW",
	"IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT",
	"SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD",
	"LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG",
	"WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
}

// standard is what a container has when nothing is asked for: Docker's set.
var standard = []string{
	"CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
	"NET_BIND_SERVICE", "NET_RAW", "SYS_CHROOT", "MKNOD", "AUDIT_WRITE", "SETFCAP",
}

const all = "ALL"

// Set is a set of capabilities, bit n being capability number n.
type Set uint64

// Has says whether capability number n is in s.
func (s Set) Has(n int) bool { return s>>n&1 == 1 }

// Last returns the highest capability that the running kernel knows.
func Last() (int, error) {
	b, err := os.ReadFile("/proc/sys/kernel/cap_last_cap")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(b)))
}

// Select computes a container's set on a kernel whose highest capability is last. Without ALL it
// is the standard set, less drop, plus add; with ALL added, everything less drop; with ALL
// dropped, exactly add.
func Select(add, drop []string, last int) (Set, error) {
	added, addAll, err := parse(add, last)
	if err != nil {
		return 0, err
	}
	dropped, dropAll, err := parse(drop, last)
	if err != nil {
		return 0, err
	}
	everything := Set(1)<<(last+1) - 1
	switch {
	case addAll && dropAll:
		return 0, fmt.Errorf("capability ALL is both added and dropped")
	case addAll:
		return everything &^ dropped, nil
	case dropAll:
		return added, nil
	}
	base, _, err := parse(standard, last)
	return base&^dropped | added, err
}

func parse(list []string, last int) (set Set, hasAll bool, err error) {
	for _, name := range list {
		if name == all {
			hasAll = true
			continue
		}
		n := number(name)
		if n < 0 || n > last {
			return 0, false, fmt.Errorf("capability %q: not known to the kernel", name)
		}
		set |= 1 << n
	}
	return set, hasAll, nil
}

func number(name string) int {
	for n, known := range names {
		if known == name {
			return n
		}
	}
	return -1
}

// Bound limits the bounding set of the calling thread, which must be locked, to s. Programs that
// it executes as root get exactly s, others nothing.
func (s Set) Bound(last int) error {
	for n := 0; n <= last; n++ {
		if s.Has(n) {
			continue
		}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(n), 0, 0, 0); err != nil {
			return fmt.Errorf("drop capability %d: %w", n, err)
		}
	}
	return nil
}

// Confine limits all threads of this process to s, and the bounding set of the calling one, which
// must be locked. Others keep theirs: it matters only to what a thread executes, and stopping all
// threads for each capability takes long.
func (s Set) Confine(last int) error {
	if err := s.Bound(last); err != nil {
		return err
	}
	// Another thread, made to execute something by a tracer, would get all that its bounding set has.
	if _, _, errno := syscall.AllThreadsSyscall(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0); errno != 0 {
		return fmt.Errorf("no new privileges: %w", errno)
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	data := [2]unix.CapUserData{
		{Effective: uint32(s), Permitted: uint32(s)},
		{Effective: uint32(s >> 32), Permitted: uint32(s >> 32)},
	}
	_, _, errno := syscall.AllThreadsSyscall(unix.SYS_CAPSET,
		uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data)), 0)
	if errno != 0 {
		return fmt.Errorf("set capabilities: %w", errno)
	}
	return nil
}
