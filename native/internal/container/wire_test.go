package container

import (
	"os"
	"reflect"
	"testing"

	"golang.org/x/sys/unix"
)

func sockets(t *testing.T) (a, b *os.File) {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	a, b = os.NewFile(uintptr(pair[0]), "a"), os.NewFile(uintptr(pair[1]), "b")
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

func TestMessagesArriveAsTheyWereSent(t *testing.T) {
	a, b := sockets(t)
	for _, pair := range [][2]message{
		{&setup{Rootfs: "/r", Hostname: "h", Files: map[string]string{"/a": "b", "/c": ""}, MachineID: "m", Cwd: "/", TTY: true, Caps: 1 << 40, LastCap: 40}, &setup{}},
		{&setup{Files: map[string]string{}, Execs: true}, &setup{}},
		{&program{Paths: []string{"/bin/x", ""}, Argv: []string{"x", "\x00\xff"}, Env: []string{"A=b"}, Dir: "/d", UID: 1<<32 - 1, GID: 7, Groups: []uint32{1, 2}, TTY: true}, &program{}},
		{&report{Step: "s", Error: "e", Errno: unix.ENOENT}, &report{}},
		{&report{}, &report{}},
	} {
		if err := send(a, pair[0]); err != nil {
			t.Fatal(err)
		}
		if _, err := receive(b, pair[1]); err != nil || !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%+v arrived as %+v, %v", pair[0], pair[1], err)
		}
	}
}

func TestMessagesThatCannotBeReadAreRefused(t *testing.T) {
	for _, bytes := range []string{"\x00\x00\x00\x00", "\x00\x00\x00\x09\x00\x00\x00\x00\x00\x00\x00\x09x", "\x7f\xff\xff\xff"} {
		a, b := sockets(t)
		if _, err := a.WriteString(bytes); err != nil {
			t.Fatal(err)
		}
		a.Close()
		if _, err := receive(b, &setup{}); err == nil {
			t.Errorf("%q was read", bytes)
		}
	}
}
