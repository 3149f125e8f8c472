package cgroup

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// AnyMinor stands for all devices of a major number.
const AnyMinor = ^uint32(0)

// CharDevice is a character device, or all of one major number.
type CharDevice struct{ Major, Minor uint32 }

// AllowDevices lets the processes in g and below it open these devices and no others. They may make
// nodes of any (overlays and package managers do), which then cannot be opened.
func (g Group) AllowDevices(devices ...CharDevice) error {
	program, err := loadDeviceFilter(deviceFilter(devices))
	if err != nil {
		return os.NewSyscallError("bpf: load the device filter", err)
	}
	defer unix.Close(program)
	group, err := unix.Open(g.path, unix.O_DIRECTORY|unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: g.path, Err: err}
	}
	defer unix.Close(group)
	// union bpf_attr of BPF_PROG_ATTACH. The group keeps the program. "Multi": groups below may have
	// filters of their own, as a container engine in the box wants, but what this one denies stays
	// denied; and who wants to detach it must have it open, which takes CAP_SYS_ADMIN.
	attr := struct{ target, program, kind, flags uint32 }{
		uint32(group), uint32(program), unix.BPF_CGROUP_DEVICE, unix.BPF_F_ALLOW_MULTI,
	}
	if _, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_ATTACH, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr)); errno != 0 {
		return fmt.Errorf("bpf: attach the device filter: %w", errno)
	}
	return nil
}

func loadDeviceFilter(code []byte) (fd int, err error) {
	license := []byte("Apache-2.0\x00")
	// union bpf_attr of BPF_PROG_LOAD, as far as it is needed; pointers have 64 bits there and here.
	attr := struct {
		kind, count   uint32
		code, license *byte
	}{unix.BPF_PROG_TYPE_CGROUP_DEVICE, uint32(len(code) / instruction), &code[0], &license[0]}
	n, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_LOAD, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	runtime.KeepAlive(attr)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// instruction is the size of one: an operation, two registers of four bits (the source is the upper
// one), a jump's distance, an operand.
const instruction = 8

// deviceFilter assembles the program that the kernel runs when a device is opened or a node made:
// it gets a struct bpf_cgroup_dev_ctx {access_type, major, minor}, whose access_type has what is
// wanted above what kind of device it is, and returns 1 to allow it.
func deviceFilter(devices []CharDevice) (code []byte) {
	const (
		context = 1 // register 1 holds it at the start
		load    = unix.BPF_LDX | unix.BPF_MEM | unix.BPF_W
		set     = unix.BPF_ALU64 | unix.BPF_MOV | unix.BPF_K
		copied  = unix.BPF_ALU64 | unix.BPF_MOV | unix.BPF_X
		and     = unix.BPF_ALU64 | unix.BPF_AND | unix.BPF_K
		shift   = unix.BPF_ALU64 | unix.BPF_RSH | unix.BPF_K
		ifNot   = unix.BPF_JMP | unix.BPF_JNE | unix.BPF_K // these two jump
		ifEqual = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		exit    = unix.BPF_JMP | unix.BPF_EXIT

		verdict, kind, access, major, minor = 0, 2, 3, 4, 5 // registers
	)
	emit := func(operation, to, from byte, jump int16, operand uint32) {
		code = append(code, operation, from<<4|to)
		code = binary.NativeEndian.AppendUint16(code, uint16(jump))
		code = binary.NativeEndian.AppendUint32(code, operand)
	}
	answer := func(allowed uint32) {
		emit(set, verdict, 0, 0, allowed)
		emit(exit, 0, 0, 0, 0)
	}
	const answerLength = 2
	emit(load, kind, context, 0, 0)
	emit(load, major, context, 4, 0)
	emit(load, minor, context, 8, 0)
	emit(copied, access, kind, 0, 0)
	emit(shift, access, 0, 0, 16)
	emit(and, kind, 0, 0, 1<<16-1)

	emit(ifNot, access, 0, answerLength, unix.BPF_DEVCG_ACC_MKNOD)
	answer(1)
	emit(ifEqual, kind, 0, answerLength, unix.BPF_DEVCG_DEV_CHAR)
	answer(0)
	for _, d := range devices {
		if d.Minor == AnyMinor {
			emit(ifNot, major, 0, answerLength, d.Major)
		} else {
			emit(ifNot, major, 0, answerLength+1, d.Major)
			emit(ifNot, minor, 0, answerLength, d.Minor)
		}
		answer(1)
	}
	answer(0)
	return code
}
