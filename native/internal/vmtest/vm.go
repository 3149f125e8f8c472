//go:build vm

// Package vmtest boots the guest under QEMU and drives it as the supervisor would. It needs
// qemu-system-x86_64, mkfs.erofs, mkfs.ext4 and Debian's busybox-static, and the guest as
// tools/guest-build.sh writes it, in $BOXLITE_GUEST_DIR:
//
//	BOXLITE_GUEST_DIR=DIR go test -tags vm ./internal/vmtest
package vmtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	pb "boxlite.io/native/internal/agentpb"
	"boxlite.io/native/internal/portal"
)

const cmdline = "console=ttyS0 quiet reboot=t panic=-1 tsc=reliable no_timer_check cryptomgr.notests"

var containerID = strings.Repeat("ab", 32)

// vm is a running VM.
type vm struct {
	dir    string
	layers []*pb.Layer
	cmd    *exec.Cmd
	done   chan struct{}
}

func run(t testing.TB, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// layer makes a small EROFS image with busybox.
func layer(t testing.TB, file string) {
	t.Helper()
	root := t.TempDir()
	for _, d := range []string{"bin", "sbin", "etc", "tmp", "root"} {
		if err := os.Mkdir(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	os.Chmod(filepath.Join(root, "tmp"), 0o1777)
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"bin/busybox": string(busybox),
		"etc/passwd":  "root:x:0:0::/root:/bin/sh\nalice:x:1000:1001::/home/alice:/bin/sh\n",
		"etc/group":   "root:x:0:\nwheel:x:10:alice\nalice:x:1001:\naudio:x:29:alice\n",
		"bin/plain":   "not executable",
		"sbin/init":   "#!/bin/sh\necho pid $$ $1 $(tty)\ntrap 'echo bye; exit 3' TERM\nwhile true; do sleep 1 & wait; done\n",
	} {
		mode := os.FileMode(0o644)
		if name != "bin/plain" && !strings.HasPrefix(name, "etc/") {
			mode = 0o755
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, applet := range strings.Fields("sh cat echo id yes seq sleep kill ps env true false head wc tty stty pwd ls hostname dd mount grep ln touch mkdir readlink test free sync md5sum setsid mknod init stat cut rm date tr tail mkfifo") {
		os.Symlink("busybox", filepath.Join(root, "bin", applet))
	}
	if err := unix.Setxattr(filepath.Join(root, "etc/group"), "user.key", []byte("value"), 0); err != nil {
		t.Fatal("setxattr: ", err)
	}
	os.Symlink("/nowhere/else", filepath.Join(root, "etc/resolv.conf"))
	os.WriteFile(filepath.Join(root, "etc/machine-id"), nil, 0o444)
	if err := unix.Mknod(filepath.Join(root, "disk"), unix.S_IFBLK|0o666, int(unix.Mkdev(254, 0))); err != nil {
		t.Fatal("mknod: ", err)
	}
	run(t, "mkfs.erofs", file, root)
}

// layersDisk makes the disk of the layers, of which the second is above the first and nearly empty,
// and returns where on the disk they are.
func layersDisk(t testing.TB, file string) (layers []*pb.Layer) {
	t.Helper()
	upper := t.TempDir()
	if err := os.MkdirAll(filepath.Join(upper, "upper"), 0o755); err != nil {
		t.Fatal(err)
	}
	images := [2]string{file + ".0", file + ".1"}
	layer(t, images[0])
	run(t, "mkfs.erofs", images[1], upper)
	disk := make([]byte, 4096) // something else lies before them
	for _, image := range images {
		content, err := os.ReadFile(image)
		if err != nil {
			t.Fatal(err)
		}
		layers = append(layers, &pb.Layer{Offset: uint64(len(disk)), Length: uint64(len(content))})
		disk = append(disk, content...)
	}
	if err := os.WriteFile(file, disk, 0o444); err != nil {
		t.Fatal(err)
	}
	return layers
}

// boot starts a VM with layers and an empty disk.
func boot(t testing.TB, memory string) *vm {
	t.Helper()
	v := newVM(t)
	v.makeDisks(t)
	v.run(t, memory, "")
	v.insertDisks(v.monitor(t))
	return v
}

func newVM(t testing.TB) *vm {
	t.Helper()
	dir, err := os.MkdirTemp("", "vmtest") // short: a socket's path is limited
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return &vm{dir: dir, done: make(chan struct{})}
}

func (v *vm) makeDisks(t testing.TB) {
	t.Helper()
	v.layers = layersDisk(t, v.path("layers.raw"))
	run(t, "truncate", "-s", "1G", v.path("disk.raw"))
	run(t, "mkfs.ext4", "-q", "-F", v.path("disk.raw"))
}

func (v *vm) insertDisks(q *qmp) {
	q.t.Helper()
	q.insert("layers", v.path("layers.raw"), true)
	q.insert("box", v.path("disk.raw"), false)
}

// run starts QEMU with empty disk slots; backing, unless empty, describes the file that is its memory.
func (v *vm) run(t testing.TB, memory, backing string, more ...string) {
	t.Helper()
	guest := os.Getenv("BOXLITE_GUEST_DIR")
	if guest == "" {
		t.Fatal("BOXLITE_GUEST_DIR is not set: run tools/guest-build.sh DIR")
	}
	machine := "q35"
	if backing != "" {
		machine += ",memory-backend=ram"
		more = append(more, "-object", "memory-backend-file,id=ram,size="+memory+","+backing)
	}
	v.cmd = exec.Command("qemu-system-x86_64", append([]string{
		"-M", machine, "-accel", "tcg,thread=multi", "-cpu", "max",
		"-smp", "1", "-m", memory, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-kernel", filepath.Join(guest, "vmlinuz"), "-initrd", filepath.Join(guest, "initramfs.gz"),
		"-append", cmdline, "-serial", "file:" + v.path("console.log"),
		"-blockdev", "driver=null-co,read-zeroes=on,size=2199023255552,node-name=no-layers,read-only=on",
		"-device", "virtio-blk-pci,id=layers,addr=0x10,drive=no-layers,num-queues=1",
		"-blockdev", "driver=null-co,read-zeroes=on,size=2199023255552,node-name=no-box",
		"-device", "virtio-blk-pci,id=box,addr=0x11,drive=no-box,num-queues=1",
		"-device", "virtio-serial-pci",
		"-chardev", "socket,id=portal,server=on,wait=off,path=" + v.path("portal.sock"),
		"-device", "virtserialport,chardev=portal,name=boxlite.portal",
		"-netdev", "hubport,id=net0,hubid=0",
		"-device", "virtio-net-pci,netdev=net0,romfile=",
		"-chardev", "socket,id=volumes,server=on,wait=off,path=" + v.path("volumes.sock"),
		"-device", "virtserialport,chardev=volumes,name=boxlite.volumes",
		"-qmp", "unix:" + v.path("qmp.sock") + ",server=on,wait=off",
	}, more...)...)
	v.cmd.Stderr = os.Stderr
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { v.cmd.Wait(); close(v.done) }()
	t.Cleanup(func() {
		v.cmd.Process.Kill()
		<-v.done
		if t.Failed() {
			console, _ := os.ReadFile(v.path("console.log"))
			t.Logf("console:\n%s", console)
		}
	})
}

func (v *vm) path(name string) string { return filepath.Join(v.dir, name) }

// session is one supervisor's connection.
type session struct {
	pb.AgentServiceClient
	t    testing.TB
	vm   *vm
	ctx  context.Context
	conn net.Conn
	grpc *grpc.ClientConn
	next int

	machineID string
}

// dial synchronises and says hello.
func (v *vm) dial(t testing.TB) *session {
	t.Helper()
	conn := v.dialSocket(t, "portal.sock")
	conn.SetDeadline(time.Now().Add(60 * time.Second))
	synced, err := portal.Sync(conn)
	if err != nil {
		t.Fatal("sync: ", err)
	}
	conn.SetDeadline(time.Time{})
	client, err := grpc.NewClient("passthrough:portal",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithInitialWindowSize(1<<20), grpc.WithInitialConnWindowSize(8<<20),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return synced, nil }))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	s := &session{AgentServiceClient: pb.NewAgentServiceClient(client), t: t, vm: v, ctx: ctx, conn: conn, grpc: client, machineID: strings.Repeat("0f", 16)}
	t.Cleanup(func() { cancel(); s.hangUp() })
	if _, err := s.Hello(ctx, &pb.HelloRequest{ProtocolVersion: 1}); err != nil {
		t.Fatal("hello: ", err)
	}
	return s
}

// hangUp ends the connection at whatever byte it is, as a killed supervisor would.
func (s *session) hangUp() {
	s.conn.Close()
	s.grpc.Close()
}

func (s *session) must(what string, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
}

func (s *session) prepare() {
	s.t.Helper()
	entropy := make([]byte, 64)
	rand.Read(entropy)
	_, err := s.Prepare(s.ctx, &pb.PrepareRequest{
		TimeUnixNanos: time.Now().UnixNano(), Entropy: entropy,
	})
	s.must("prepare", err)
}

// rehearse has the agent rehearse with the VM's disks.
func (s *session) rehearse() {
	s.t.Helper()
	_, err := s.Rehearse(s.ctx, &pb.RehearseRequest{Layers: s.vm.layers})
	s.must("rehearse", err)
}

func (s *session) create(init *pb.ProcessSpec) {
	s.t.Helper()
	_, err := s.CreateContainer(s.ctx, &pb.CreateContainerRequest{
		Network:     true,
		ContainerId: containerID, Layers: s.vm.layers,
		Hostname: "box", MachineId: s.machineID, Init: init,
	})
	s.must("create", err)
}

func (s *session) start() {
	s.t.Helper()
	_, err := s.StartContainer(s.ctx, &pb.StartContainerRequest{})
	s.must("start", err)
}

func argv(args ...string) *pb.ProcessSpec {
	p := &pb.ProcessSpec{}
	for _, a := range args {
		p.Argv = append(p.Argv, []byte(a))
	}
	return p
}

func sh(script string) *pb.ProcessSpec { return argv("sh", "-c", script) }

func (s *session) newID() string {
	s.next++
	return fmt.Sprintf("e%d-%d", time.Now().UnixNano(), s.next)
}

// exec runs a process, lets go of its streams and returns its id.
func (s *session) exec(p *pb.ProcessSpec, timeout time.Duration) string {
	s.t.Helper()
	id := s.newID()
	s.must("exec", s.tryExec(id, &pb.ExecSpec{Process: p, TimeoutMs: uint64(timeout.Milliseconds())}))
	return id
}

func (s *session) tryExec(id string, e *pb.ExecSpec) error {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	stream, err := s.Attach(ctx)
	if err != nil {
		return err
	}
	open := &pb.AttachOpen{ExecId: id, Exec: e}
	if err := stream.Send(&pb.AttachRequest{Request: &pb.AttachRequest_Open{Open: open}}); err != nil {
		return err
	}
	first, err := stream.Recv()
	if err == nil && first.GetOpened().GetPid() == 0 {
		err = fmt.Errorf("first message is %v", first)
	}
	return err
}

// result is what a process did.
type result struct {
	out, err bytes.Buffer
	exit     *pb.ExitStatus
}

// follow attaches, feeds stdin (closing it if it is not nil) and reads to the end.
func (s *session) follow(id string, stdin io.Reader) (*result, error) {
	return s.followFrom(&pb.AttachOpen{ExecId: id}, stdin)
}

func (s *session) followFrom(open *pb.AttachOpen, stdin io.Reader) (*result, error) {
	stream, err := s.Attach(s.ctx)
	if err != nil {
		return nil, err
	}
	if err := stream.Send(&pb.AttachRequest{Request: &pb.AttachRequest_Open{Open: open}}); err != nil {
		return nil, err
	}
	r := &result{}
	acks := make(chan uint64, 4096)
	outAcks := make(chan *pb.OutputAck, 4096)
	defer close(acks)
	opened := false
	for {
		m, err := stream.Recv()
		if err != nil {
			return r, err
		}
		switch {
		case m.GetOpened() != nil:
			opened = true
			go feed(stream, m.GetOpened(), stdin, acks, outAcks)
		case !opened:
			return r, fmt.Errorf("first message is %v", m)
		case m.GetStdinAck() != nil:
			acks <- m.GetStdinAck().Offset
		case m.GetOutput() != nil:
			o := m.GetOutput()
			to := &r.out
			if o.Stream == pb.Stream_STREAM_STDERR {
				to = &r.err
			}
			if skip := uint64(to.Len()); o.Offset != skip {
				return r, fmt.Errorf("output at %d, want %d", o.Offset, skip)
			}
			to.Write(o.Data)
			outAcks <- &pb.OutputAck{Stream: o.Stream, Offset: uint64(to.Len())}
		case m.GetExit() != nil:
			r.exit = m.GetExit()
			return r, nil
		}
	}
}

// feed is the one sender of a stream.
func feed(stream pb.AgentService_AttachClient, opened *pb.AttachOpened, stdin io.Reader, acks <-chan uint64, outAcks <-chan *pb.OutputAck) {
	sent, acked := opened.StdinOffset, opened.StdinOffset
	buf := make([]byte, 32<<10)
	for {
		if stdin != nil && sent+uint64(len(buf)) <= acked+uint64(opened.StdinWindow) {
			n, err := stdin.Read(buf)
			if n > 0 {
				stream.Send(&pb.AttachRequest{Request: &pb.AttachRequest_Stdin{Stdin: &pb.StdinChunk{Data: bytes.Clone(buf[:n])}}})
				sent += uint64(n)
			}
			if err != nil {
				stdin = nil
				stream.Send(&pb.AttachRequest{Request: &pb.AttachRequest_StdinEof{StdinEof: &pb.StdinEof{}}})
			}
			select {
			case ack := <-outAcks:
				stream.Send(&pb.AttachRequest{Request: &pb.AttachRequest_Ack{Ack: ack}})
			default:
			}
			continue
		}
		select {
		case ack, ok := <-acks:
			if !ok {
				return
			}
			acked = ack
		case ack := <-outAcks:
			stream.Send(&pb.AttachRequest{Request: &pb.AttachRequest_Ack{Ack: ack}})
		}
	}
}

// run runs a process to its end and releases it.
func (s *session) run(p *pb.ProcessSpec) *result {
	s.t.Helper()
	id := s.newID()
	r, err := s.followFrom(&pb.AttachOpen{ExecId: id, Exec: &pb.ExecSpec{Process: p}}, nil)
	s.must("exec", err)
	_, err = s.Release(s.ctx, &pb.ReleaseRequest{ExecId: id})
	s.must("release", err)
	return r
}
