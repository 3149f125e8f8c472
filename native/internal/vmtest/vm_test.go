//go:build vm

package vmtest

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	pb "boxlite.io/native/internal/agentpb"
)

func reason(err error) string {
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			return info.Reason
		}
	}
	return ""
}

func (s *session) expect(p *pb.ProcessSpec, out string) {
	s.t.Helper()
	r := s.run(p)
	if r.out.String() != out || r.exit.Code != 0 || r.exit.Signal != 0 {
		s.t.Errorf("%s: stdout %q, stderr %q, exit %v; want %q", p.Argv, r.out.String(), r.err.String(), r.exit, out)
	}
}

func TestBox(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	v := boot(t, "256M")
	s := v.dial(t)
	t.Logf("QEMU start to hello: %v", time.Since(begin))
	if _, err := s.StartContainer(s.ctx, &pb.StartContainerRequest{}); reason(err) != "not_prepared" {
		t.Fatal("start before prepare: ", err)
	}
	for range 3 {
		mark := time.Now()
		s.rehearse()
		t.Logf("rehearse: %v", time.Since(mark))
	}
	s.prepare()
	if _, err := s.StartContainer(s.ctx, &pb.StartContainerRequest{}); reason(err) != "not_created" {
		t.Fatal("start before create: ", err)
	}
	mark := time.Now()
	s.create(sh("echo started; exec sleep 100000"))
	t.Logf("create: %v", time.Since(mark))
	mark = time.Now()
	s.start()
	t.Logf("start: %v", time.Since(mark))
	mark = time.Now()
	s.expect(argv("echo", "hello"), "hello\n")
	t.Logf("first exec: %v", time.Since(mark))
	mark = time.Now()
	for range 20 {
		s.expect(argv("true"), "")
	}
	t.Logf("exec of true to its exit: %v", time.Since(mark)/20)
	console := func() {
		t.Log("kernel's view:\n", s.run(sh("free -m; grep -E 'AnonPages|Slab|SUnreclaim|Percpu|KernelStack|PageTables|^Active|^Inactive' /proc/meminfo")).out.String())
	}
	console()

	t.Run("exit", func(t *testing.T) {
		s := s.of(t)
		if r := s.run(sh("exit 7")); r.exit.Code != 7 {
			t.Error(r.exit)
		}
		if r := s.run(sh("kill -9 $$")); r.exit.Signal != 9 {
			t.Error(r.exit)
		}
	})
	t.Run("errors", func(t *testing.T) {
		s := s.of(t)
		for want, p := range map[string]*pb.ProcessSpec{
			"command_not_found":      argv("nope"),
			"command_not_executable": argv("/bin/plain"),
			"cwd_not_found":          {Argv: [][]byte{[]byte("true")}, Cwd: []byte("/nope")},
			"user_not_found":         {Argv: [][]byte{[]byte("true")}, User: "nobody"},
			"group_not_found":        {Argv: [][]byte{[]byte("true")}, User: "0:nope"},
			"invalid_argument":       {},
		} {
			if err := s.tryExec("x", &pb.ExecSpec{Process: p}); reason(err) != want {
				t.Errorf("%v; want %s", err, want)
			}
		}
	})
	t.Run("users", func(t *testing.T) {
		s := s.of(t)
		p := sh("id; echo $HOME; grep Cap /proc/self/status")
		p.User = "alice"
		t.Log(s.run(p).out.String())
		for user, want := range map[string]string{
			"alice": "uid=1000(alice) gid=1001(alice) groups=10(wheel),29(audio)\n",
			"5":     "uid=5 gid=0(root)\n",
			"":      "uid=0(root) gid=0(root)\n",
		} {
			p := argv("id")
			p.User = user
			s.expect(p, want)
		}
		s.expect(sh("grep -E 'CapInh|CapBnd|CapEff' /proc/self/status | cut -f2"),
			"0000000000000000\n00000000a80425fb\n00000000a80425fb\n")
	})
	t.Run("container", func(t *testing.T) {
		s := s.of(t)
		s.expect(sh("cat /proc/1/comm /etc/hostname; hostname; cat /etc/machine-id; echo $PATH $HOME $HOSTNAME"),
			"init\nbox\nbox\n"+strings.Repeat("0f", 16)+"\n/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /root box\n")
		s.expect(sh("cat /nowhere/else"), "nameserver 192.168.127.1\nsearch localdomain\n")
		s.expect(sh("touch /proc/sys/x 2>/dev/null || echo ro; touch /sys/x 2>/dev/null || echo ro; wc -c </proc/timer_list; ls /sys/firmware"), "ro\nro\n0\n")
		s.expect(sh("head -c 4 /proc/1/exe 2>/dev/null || echo shielded"), "shielded\n")
		t.Log(s.run(sh("ls -l /dev; mount; cat /proc/self/cgroup; ps")).out.String())
	})
	t.Run("devices", func(t *testing.T) {
		s := s.of(t)
		// The VM's memory, kernel log, two names of its console, its disks, one of them from the image.
		for _, d := range []string{"c 1 1", "c 1 11", "c 4 64", "c 5 1", "b 254 0", "b 254 16", ""} {
			r := s.run(sh("f=/disk; test -z '" + d + "' || { f=/tmp/node; mknod $f " + d + "; };" +
				"(: <$f); (: >$f); (: <>$f); test $f = /disk || rm $f; true"))
			if n := strings.Count(r.err.String(), "Operation not permitted"); n != 3 || strings.Count(r.err.String(), "\n") != 3 {
				t.Errorf("device %q: %s", d, r.err.String())
			}
		}
		s.expect(sh("mknod /tmp/null c 1 3 && echo gone >/tmp/null && mknod /tmp/fifo p && (echo fifo >/tmp/fifo & cat /tmp/fifo)"), "fifo\n")
		s.expect(sh("for d in null zero full random urandom ptmx; do : </dev/$d && : >/dev/$d && echo $d; done"),
			"null\nzero\nfull\nrandom\nurandom\nptmx\n")
		p := sh("echo tty >/dev/tty; echo own >$(tty)")
		p.Tty = true
		s.expect(p, "tty\r\nown\r\n")
	})
	t.Run("tty", func(t *testing.T) {
		s := s.of(t)
		p := sh("tty; stty size; echo $TERM")
		p.Tty, p.Rows, p.Cols = true, 30, 100
		s.expect(p, "/dev/pts/0\r\n30 100\r\nxterm\r\n")
		p = sh("seq 30000")
		p.Tty = true
		if out := s.run(p).out.String(); !strings.HasSuffix(out, "\r\n30000\r\n") {
			t.Errorf("terminal output is cut: %d bytes, ends in %q", len(out), out[max(0, len(out)-20):])
		}
		// The process ends while its terminal holds more than the window has room for.
		p = sh("seq 42000")
		p.Tty = true
		id := s.exec(p, 0)
		for range 40 {
			s.expect(argv("true"), "")
		}
		late, err := s.follow(id, nil)
		s.must("attach late", err)
		if late.out.Len() != 282894 {
			t.Errorf("terminal output is cut: %d bytes", late.out.Len())
		}
		p = argv("cat")
		p.Tty = true
		r, err := s.follow(s.exec(p, 0), strings.NewReader("abc\n"))
		s.must("tty cat", err)
		if r.out.String() != "abc\r\nabc\r\n" {
			t.Errorf("%q", r.out.String())
		}
	})
	t.Run("stdin", func(t *testing.T) {
		s := s.of(t)
		data := make([]byte, 8<<20)
		rand.NewChaCha8([32]byte{}).Read(data)
		mark := time.Now()
		r, err := s.follow(s.exec(argv("cat"), 0), bytes.NewReader(data))
		s.must("cat", err)
		if !bytes.Equal(r.out.Bytes(), data) {
			t.Errorf("%d bytes came back, or others", r.out.Len())
		}
		t.Logf("8 MiB both ways: %v", time.Since(mark))
	})
	t.Run("backpressure", func(t *testing.T) {
		s := s.of(t)
		id := s.exec(argv("yes"), 0)
		s.expect(argv("echo", "free"), "free\n")
		_, err := s.Kill(s.ctx, &pb.KillRequest{ExecId: id})
		s.must("kill", err)
		r, err := s.follow(id, nil)
		s.must("attach", err)
		if r.exit.Signal != 9 || r.out.Len() > 512<<10 {
			t.Errorf("%v after %d bytes", r.exit, r.out.Len())
		}
	})
	t.Run("tree", func(t *testing.T) {
		s := s.of(t)
		id := s.exec(sh("setsid sleep 7777 & sleep 7777"), 0)
		_, err := s.Kill(s.ctx, &pb.KillRequest{ExecId: id})
		s.must("kill", err)
		_, err = s.follow(id, nil)
		s.must("attach", err)
		s.expect(sh("ps | grep -c '[s]leep 7777'; true"), "0\n")
		// A child that keeps the pipe does not delay the exit.
		mark := time.Now()
		s.expect(sh("sleep 60 & echo out"), "out\n")
		if d := time.Since(mark); d > 20*time.Second {
			t.Error("exit waited for a descendant: ", d)
		}
	})
	t.Run("timeout", func(t *testing.T) {
		s := s.of(t)
		r, err := s.follow(s.exec(sh("sleep 100; echo no"), 300*time.Millisecond), nil)
		s.must("attach", err)
		if !r.exit.TimedOut || r.exit.Signal != 15 {
			t.Error(r.exit)
		}
		r, err = s.follow(s.exec(sh("trap '' TERM; while true; do sleep 1; done"), 300*time.Millisecond), nil)
		s.must("attach", err)
		if !r.exit.TimedOut || r.exit.Signal != 9 {
			t.Error(r.exit)
		}
	})
	t.Run("zombies", func(t *testing.T) {
		s := s.of(t)
		s.expect(sh("for i in 1 2 3 4 5; do (true &) ; done; sleep 1; ps -o stat | grep -c Z; true"), "0\n")
	})
	t.Run("fifty", func(t *testing.T) {
		s := s.of(t)
		var wg sync.WaitGroup
		ids := make([]string, 50)
		for i := range ids {
			ids[i] = s.exec(sh("head -c 100000 /dev/zero; cat"), 0)
		}
		for _, id := range ids {
			wg.Go(func() {
				r, err := s.follow(id, strings.NewReader("bye"))
				if err != nil || r.out.Len() != 100003 || r.exit.Code != 0 {
					t.Errorf("%v: %d bytes, %v", err, r.out.Len(), r.exit)
				}
			})
		}
		wg.Wait()
	})
	t.Run("sequence", func(t *testing.T) {
		s := s.of(t)
		mark := time.Now()
		const n = 1000
		for range n {
			s.expect(sh("echo out; echo err >&2"), "out\n")
		}
		t.Logf("%v each", time.Since(mark)/n)
	})
	t.Run("init", func(t *testing.T) {
		s := s.of(t)
		list, err := s.ListExecs(s.ctx, &pb.ListExecsRequest{})
		s.must("list", err)
		found := false
		for _, e := range list.Execs {
			found = found || e.ExecId == containerID && e.Exit == nil
		}
		if !found {
			t.Error("init is not listed")
		}
	})
	console()
	t.Run("reconnect", func(t *testing.T) {
		s := s.of(t)
		id := s.exec(sh("seq 200000"), 0)
		stream, err := s.Attach(s.ctx)
		s.must("attach", err)
		stream.Send(&pb.AttachRequest{Request: &pb.AttachRequest_Open{Open: &pb.AttachOpen{ExecId: id}}})
		for range 3 {
			_, err = stream.Recv()
			s.must("receive", err)
		}
		s.hangUp()
		s = v.dial(t)
		r, err := s.follow(id, nil)
		s.must("attach again", err)
		if !strings.HasPrefix(r.out.String(), "1\n2\n") || !strings.HasSuffix(r.out.String(), "\n200000\n") || r.out.Len() != 1288895 {
			t.Errorf("%d bytes", r.out.Len())
		}
	})
	s.hangUp() // QEMU serves one client at a time
	s = v.dial(t)
	down, err := s.Shutdown(s.ctx, &pb.ShutdownRequest{GraceMs: 200})
	s.must("shutdown", err)
	if down.InitExit == nil || down.InitExit.Signal != 15 {
		t.Error("init's exit: ", down.InitExit)
	}
	v.mustPowerOff(t, 20*time.Second)
}

// of is s for a subtest.
func (s *session) of(t testing.TB) *session {
	copied := *s
	copied.t = t
	return &copied
}

// The smallest VM, with an image's own init, which is PID 1 and has a terminal.
func TestOwnInitInASmallVM(t *testing.T) {
	t.Parallel()
	v := boot(t, "128M")
	s := v.dial(t)
	s.prepare()
	init := argv("/sbin/init", "arg")
	init.Tty, init.Cwd, init.Env = true, []byte("/made/for/init"), [][]byte{[]byte("KEY=value")}
	s.create(init)
	s.start()
	type end struct {
		r   *result
		err error
	}
	followed := make(chan end)
	go func() {
		r, err := s.follow(containerID, nil)
		followed <- end{r, err}
	}()
	s.expect(sh("pwd; echo $KEY; test -c /dev/console && stat -c %n /dev/console"), "/made/for/init\nvalue\n/dev/console\n")
	s.expect(sh("cat /proc/1/comm; cut -f1 -d: </proc/1/cgroup; grep CapBnd /proc/1/status | cut -f2"), "init\n0\n00000000a80425fb\n")
	// A bomb hits the box, not the agent.
	r := s.run(sh("head -c 300m /dev/zero | grep x"))
	t.Logf("memory hog: %v %q", r.exit, r.err.String())
	s.expect(argv("echo", "alive"), "alive\n")
	t.Log(s.run(sh("free -m; cat /sys/fs/cgroup/memory.max")).out.String())
	down, err := s.Shutdown(s.ctx, &pb.ShutdownRequest{GraceMs: 10000})
	s.must("shutdown", err)
	if down.InitExit.GetCode() != 3 {
		t.Error("init's exit: ", down.InitExit)
	}
	e := <-followed
	s.must("attach", e.err)
	if out := e.r.out.String(); out != "pid 1 arg /dev/pts/0\r\nbye\r\n" || e.r.exit.Code != 3 {
		t.Errorf("init wrote %q and ended with %v", out, e.r.exit)
	}
	v.mustPowerOff(t, 20*time.Second)
}

// When init ends, everything in the box does; its output waits for a supervisor.
func TestInitEnds(t *testing.T) {
	t.Parallel()
	v := boot(t, "256M")
	s := v.dial(t)
	s.prepare()
	// An attempt that failed leaves nothing in the way of the next, wherever it got to.
	for want, layers := range map[string][]*pb.Layer{
		"beyond the disk": {v.layers[0], {Offset: 1 << 40, Length: 4096}},
		"overlap":         {v.layers[0], v.layers[0]},
		"not EROFS":       {v.layers[0], {Offset: 0, Length: 4096}},
	} {
		_, err := s.CreateContainer(s.ctx, &pb.CreateContainerRequest{
			ContainerId: containerID, Layers: layers, Hostname: "box", MachineId: s.machineID, Init: argv("true"),
		})
		if reason(err) != "mount_failed" {
			t.Errorf("layers %s: %v", want, err)
		}
		t.Log(err)
	}
	s.create(sh("seq 100000; exit 5"))
	s.start()
	r, err := s.follow(containerID, nil)
	s.must("attach", err)
	if r.exit.Code != 5 || !strings.HasSuffix(r.out.String(), "\n100000\n") {
		t.Errorf("%v after %d bytes", r.exit, r.out.Len())
	}
	if err := s.tryExec("late", &pb.ExecSpec{Process: argv("true")}); reason(err) != "not_running" {
		t.Error("exec after init's end: ", err)
	}
	if hello, err := s.Hello(s.ctx, &pb.HelloRequest{ProtocolVersion: 1}); err != nil || hello.ContainerState != pb.ContainerState_CONTAINER_STATE_EXITED {
		t.Error(hello, err)
	}
	down, err := s.Shutdown(s.ctx, &pb.ShutdownRequest{GraceMs: 10000})
	s.must("shutdown", err)
	if down.InitExit.GetCode() != 5 {
		t.Error(down)
	}
}
