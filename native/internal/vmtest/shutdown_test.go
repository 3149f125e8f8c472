//go:build vm

package vmtest

import (
	"bytes"
	"strings"
	"testing"
	"time"

	pb "boxlite.io/native/internal/agentpb"
)

// dying is a VM whose supervisor died while init was ending. That init has written more than anybody
// kept, without ever having been listened to, and did not hang.
func dying(t testing.TB) *vm {
	v := boot(t, "256M")
	s := v.dial(t)
	s.prepare()
	s.create(sh("trap 'echo term; sleep 2; exit 4' TERM; seq 100000; touch /written; while true; do sleep 1 & wait; done"))
	s.start()
	s.expect(sh("while ! test -e /written; do sleep 0.1; done"), "")

	stream, err := s.Attach(s.ctx)
	s.must("attach", err)
	s.must("open", stream.Send(&pb.AttachRequest{Request: &pb.AttachRequest_Open{Open: &pb.AttachOpen{ExecId: containerID}}}))
	var kept bytes.Buffer
	for begun := false; !strings.HasSuffix(kept.String(), "\nterm\n"); {
		m, err := stream.Recv()
		s.must("receive", err)
		if m.GetOutput() == nil {
			continue
		}
		if kept.Len() == 0 {
			t.Log("first byte that was kept: ", m.GetOutput().Offset)
		}
		kept.Write(m.GetOutput().Data)
		end := m.GetOutput().Offset + uint64(len(m.GetOutput().Data))
		s.must("ack", stream.Send(&pb.AttachRequest{Request: &pb.AttachRequest_Ack{Ack: &pb.OutputAck{Stream: pb.Stream_STREAM_STDOUT, Offset: end}}}))
		if !begun && end == 588895 {
			begun = true
			go s.Shutdown(s.ctx, &pb.ShutdownRequest{GraceMs: 60000})
		}
	}
	if n := kept.Len(); n > 256<<10+5 || n < 192<<10 || !strings.Contains(kept.String(), "\n99999\n100000\nterm\n") {
		t.Errorf("%d bytes were kept, which end in %q", n, kept.String()[n-20:])
	}
	s.hangUp()
	return v
}

func (v *vm) mustPowerOff(t testing.TB, within time.Duration) {
	t.Helper()
	begin := time.Now()
	select {
	case <-v.done:
		t.Logf("powered off after %v", time.Since(begin))
	case <-time.After(within):
		t.Error("VM does not power off")
	}
	run(t, "e2fsck", "-fn", v.path("disk.raw"))
}

func TestShutdownIsTakenOver(t *testing.T) {
	t.Parallel()
	v := dying(t)
	s := v.dial(t)
	down, err := s.Shutdown(s.ctx, &pb.ShutdownRequest{GraceMs: 60000})
	s.must("second shutdown", err)
	if down.InitExit.GetCode() != 4 {
		t.Error("init's exit: ", down.InitExit)
	}
	v.mustPowerOff(t, 20*time.Second)
}

func TestShutdownGoesOnAlone(t *testing.T) {
	t.Parallel()
	v := dying(t)
	v.mustPowerOff(t, 20*time.Second)
}
