package helper

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const limit = 10 * time.Second

// TestMain is a helper that never looks at what it is sent, when the test starts itself as one.
func TestMain(m *testing.M) {
	if os.Getenv("HELPER") == "" {
		os.Exit(m.Run())
	}
	orders, err := Begin(&struct{}{})
	if err == nil {
		_, err = orders.Connect()
	}
	if err == nil {
		err = Ready()
	}
	if err == nil {
		select {}
	}
	Exit("helper", err)
}

// start starts a helper, whose standard input the test closes.
func start(t *testing.T, log string) (*exec.Cmd, io.WriteCloser, io.Reader) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	command := exec.Command(os.Args[0], log)
	command.Env = []string{"HELPER=1"}
	command.Stderr = file
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Process.Kill() })
	return command, in, out
}

func locked(t *testing.T, log string) bool {
	file, err := os.OpenFile(log, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	return unix.FcntlFlock(file.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}) != nil
}

func TestHelperEndsWithItsVMWhateverWasSentBefore(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	vm, err := net.Listen("unix", filepath.Join(dir, "vm"))
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	command, in, out := start(t, log)
	io.WriteString(in, `{}{"socket":"`+vm.Addr().String()+`"}`)
	in.Close()
	conn, err := vm.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if said, err := io.ReadAll(out); err != nil || string(said) != "ready\n" {
		t.Fatalf("%q, %v", said, err)
	}
	if !locked(t, log) {
		t.Error("a helper that lives does not lock its log")
	}
	conn.Write(make([]byte, 1000))
	conn.Close()
	ended := make(chan error)
	go func() { ended <- command.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(limit):
		t.Fatal("it lives on")
	}
	if locked(t, log) {
		t.Error("the log is still locked")
	}
}

func TestSuccessorWaitsForTheEndOfAHelper(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	vm, err := net.Listen("unix", filepath.Join(dir, "vm"))
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	vm.(*net.UnixListener).SetDeadline(time.Now().Add(limit))
	orders := `{}{"socket":"` + vm.Addr().String() + `"}`
	first, in, _ := start(t, log)
	io.WriteString(in, orders)
	conn, err := vm.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, in, _ = start(t, log)
	io.WriteString(in, orders)
	vm.(*net.UnixListener).SetDeadline(time.Now().Add(200 * time.Millisecond))
	if _, err := vm.Accept(); err == nil {
		t.Fatal("the successor has not waited")
	}
	first.Process.Kill()
	vm.(*net.UnixListener).SetDeadline(time.Now().Add(limit))
	next, err := vm.Accept()
	if err != nil {
		t.Fatal(err)
	}
	next.Close()
}
