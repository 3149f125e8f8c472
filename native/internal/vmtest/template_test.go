//go:build vm

package vmtest

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	pb "boxlite.io/native/internal/agentpb"
)

const templateMemory = "256M"

var ignoreShared = arguments{"capabilities": []arguments{{"capability": "x-ignore-shared", "state": true}}}

// saveTemplate makes a VM that has rehearsed, saves it and ends it.
func saveTemplate(t testing.TB) *vm {
	t.Helper()
	v := newVM(t)
	v.makeDisks(t)
	v.run(t, templateMemory, "share=on,mem-path="+v.path("ram"))
	q := v.monitor(t)
	v.insertDisks(q)
	s := v.dial(t)
	for range 2 {
		s.rehearse()
	}
	s.hangUp()
	q.remove("layers")
	q.remove("box")
	q.do("stop", nil, nil)
	q.do("migrate-set-capabilities", ignoreShared, nil)
	q.do("migrate", arguments{"uri": "exec:cat >" + v.path("state")}, nil)
	q.await("query-migrate", "completed")
	q.do("quit", nil, nil)
	<-v.done
	return v
}

// restore makes a VM of a saved one, stopped, with its own disks in their slots.
func restore(t testing.TB, template *vm) (*vm, *qmp) {
	t.Helper()
	v := newVM(t)
	v.makeDisks(t)
	v.run(t, templateMemory, "share=off,mem-path="+template.path("ram"), "-S", "-incoming", "defer")
	q := v.monitor(t)
	q.do("migrate-set-capabilities", ignoreShared, nil)
	q.do("migrate-incoming", arguments{"uri": "exec:cat " + template.path("state")}, nil)
	q.await("query-status", "paused", "prelaunch")
	v.insertDisks(q)
	return v, q
}

// output opens init's streams, starts it and returns what it writes until that ends so.
func (s *session) output(end string) string {
	s.t.Helper()
	stream, err := s.Attach(s.ctx)
	s.must("attach", err)
	s.must("open", stream.Send(&pb.AttachRequest{Request: &pb.AttachRequest_Open{Open: &pb.AttachOpen{ExecId: containerID}}}))
	s.start()
	var text string
	for !strings.HasSuffix(text, end) {
		m, err := stream.Recv()
		s.must("receive", err)
		text += string(m.GetOutput().GetData())
	}
	return text
}

func TestRestoredVMsAreNotAlike(t *testing.T) {
	t.Parallel()
	template := saveTemplate(t)
	const identity = "(head -c 16 /dev/urandom | md5sum; cat /proc/sys/kernel/random/boot_id) | while read a b; do echo $a; done"
	seen := map[string]bool{}
	for i := range 3 {
		v, q := restore(t, template)
		mark := time.Now()
		q.do("cont", nil, nil)
		s := v.dial(t)
		t.Logf("restored to hello: %v", time.Since(mark))
		for name, err := range s.everything() {
			if reason(err) != "not_prepared" {
				t.Errorf("%s before Prepare: %v", name, err)
			}
		}
		s.prepare()
		hello, err := s.Hello(s.ctx, &pb.HelloRequest{ProtocolVersion: 1})
		s.must("hello", err)
		s.machineID = strings.Repeat(string(rune('a'+i)), 32)
		s.create(sh("(" + identity + "; cat /etc/machine-id; date +%s) | tr '\\n' ' '; echo"))
		words := strings.Fields(s.output("\n") + hello.AgentInstance)
		t.Log(words)
		if len(words) != 5 || words[2] != s.machineID {
			t.Fatal("init wrote ", words)
		}
		for _, word := range append(words[:3], words[4]) {
			if seen[word] {
				t.Errorf("%s: also in another VM of the same template", word)
			}
			seen[word] = true
		}
	}
}

func TestRehearsalsLeaveNoTrace(t *testing.T) {
	t.Parallel()
	template := saveTemplate(t)
	const rehearsals = 10
	var few, many [3]int
	for counts, n := range map[*[3]int]int{&few: 1, &many: 1 + rehearsals} {
		v, q := restore(t, template)
		q.do("cont", nil, nil)
		s := v.dial(t)
		for range n {
			s.rehearse()
		}
		s.prepare()
		list, err := s.ListExecs(s.ctx, &pb.ListExecsRequest{})
		s.must("list", err)
		if len(list.Execs) != 0 {
			t.Error("processes are left: ", list.Execs)
		}
		// Threads and control groups of the whole VM, groups of the box.
		s.create(sh("cut -d/ -f2 /proc/loadavg | cut -d' ' -f1; " +
			"grep ^memory /proc/cgroups | cut -f3; grep nr_desc /sys/fs/cgroup/cgroup.stat | cut -d' ' -f2; echo end"))
		lines := strings.Fields(s.output("end\n"))
		for i := range counts {
			counts[i], _ = strconv.Atoi(lines[i])
		}
		q.do("quit", nil, nil)
	}
	t.Logf("after 1: %v; after %d: %v", few, 1+rehearsals, many)
	for i := range few {
		if many[i]-few[i] >= rehearsals/2 || few[i] == 0 {
			t.Errorf("number %d has grown", i)
		}
	}
}

// everything calls all that an unprepared VM must refuse.
func (s *session) everything() map[string]error {
	errs := map[string]error{}
	_, errs["CreateContainer"] = s.CreateContainer(s.ctx, &pb.CreateContainerRequest{})
	_, errs["StartContainer"] = s.StartContainer(s.ctx, &pb.StartContainerRequest{})
	_, errs["Signal"] = s.Signal(s.ctx, &pb.SignalRequest{})
	_, errs["Kill"] = s.Kill(s.ctx, &pb.KillRequest{})
	_, errs["Resize"] = s.Resize(s.ctx, &pb.ResizeRequest{})
	_, errs["ListExecs"] = s.ListExecs(s.ctx, &pb.ListExecsRequest{})
	_, errs["Release"] = s.Release(s.ctx, &pb.ReleaseRequest{})
	_, errs["Shutdown"] = s.Shutdown(s.ctx, &pb.ShutdownRequest{})
	stream, err := s.Attach(s.ctx)
	if err == nil {
		_, err = stream.Recv()
	}
	errs["Attach"] = err
	return errs
}

// How long it takes from a restored VM's first instruction, and from CreateContainer in one that
// has rehearsed since, to the first byte that init writes. Logs the stages; takes -benchtime 2x.
func BenchmarkRestoredStart(t *testing.B) {
	template := saveTemplate(t)
	for t.Loop() {
		for _, rehearsals := range []int{0, 1} {
			v, q := restore(t, template)
			mark := time.Now()
			stage := func() (d time.Duration) {
				d, mark = time.Since(mark).Round(100*time.Microsecond), time.Now()
				return d
			}
			q.do("cont", nil, nil)
			s := v.dial(t)
			hello := stage()
			for range rehearsals {
				s.rehearse()
			}
			rehearse := stage()
			s.prepare()
			prepare := stage()
			s.create(argv("echo", "first"))
			create := stage()
			if out := s.output("\n"); out != "first\n" {
				t.Error(out)
			}
			start := stage()
			t.Logf("hello %v, rehearse %v, prepare %v, create %v, start to output %v: cont to output %v, create to output %v",
				hello, rehearse, prepare, create, start, hello+prepare+create+start, create+start)
			if os.Getenv("BOXLITE_VMTEST_CONSOLE") != "" {
				console, _ := os.ReadFile(v.path("console.log"))
				t.Logf("%s", console)
			}
			q.do("quit", nil, nil)
		}
	}
}
