//go:build vm

package vmtest

import (
	"archive/tar"
	"bytes"
	"io"
	"maps"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "boxlite.io/native/internal/agentpb"
)

type exporting = pb.AgentService_ExportChangesClient

func (s *session) beginExport() exporting {
	s.t.Helper()
	stream, err := s.ExportChanges(s.ctx)
	s.must("export", err)
	s.must("begin", stream.Send(&pb.ExportChangesRequest{}))
	return stream
}

// export reads an export to its end, which need not be a good one.
func (s *session) export() ([]byte, error) {
	s.t.Helper()
	stream := s.beginExport()
	var all bytes.Buffer
	for {
		m, err := stream.Recv()
		if err == io.EOF {
			return all.Bytes(), nil
		}
		if err != nil {
			return nil, err
		}
		if n := len(m.Data); n < 1 || n > 64<<10 {
			s.t.Fatalf("chunk of %d bytes", n)
		}
		all.Write(m.Data)
		stream.Send(&pb.ExportChangesRequest{Offset: uint64(all.Len())})
	}
}

func (s *session) entries() map[string]*tar.Header {
	s.t.Helper()
	exported, err := s.export()
	s.must("export", err)
	found := map[string]*tar.Header{}
	for r := tar.NewReader(bytes.NewReader(exported)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return found
		}
		s.must("tar", err)
		found[h.Name] = h
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	v := boot(t, "256M")
	s := v.dial(t)
	s.prepare()
	if _, err := s.export(); reason(err) != "not_created" {
		t.Fatal("export before create: ", err)
	}
	s.create(sh("while true; do echo tick; sleep 0.05; done"))
	if found := s.entries(); found["etc/hosts"] != nil || found["dev/"] != nil || found["proc/"] != nil || found["sys/"] != nil {
		t.Error("an untouched box: ", slices.Collect(maps.Keys(found)))
	}
	s.start()
	t.Run("content", func(t *testing.T) {
		s := s.of(t)
		s.expect(sh("rm /etc/passwd; rm -r /tmp; mkdir /tmp; touch /tmp/new; mv /root /moved; chmod 4711 /bin/plain; chmod 600 /etc/group;"+
			"mkfifo /fifo 2>/dev/null || mknod /fifo p; mknod /device c 1 3; ln /fifo /tmp/fifo; ln -s /etc /link; sync"), "")
		found := s.entries()
		for name, kind := range map[string]byte{
			"etc/": tar.TypeDir, "etc/.wh.passwd": tar.TypeReg, "tmp/": tar.TypeDir, "tmp/.wh..wh..opq": tar.TypeReg,
			"tmp/new": tar.TypeReg, "moved/": tar.TypeDir, ".wh.root": tar.TypeReg, "bin/plain": tar.TypeReg,
			"device": tar.TypeChar, "link": tar.TypeSymlink,
		} {
			if h := found[name]; h == nil || h.Typeflag != kind {
				t.Errorf("%s: %v", name, h)
			}
		}
		if h := found["bin/plain"]; h.Mode != 0o4711 || h.Size != int64(len("not executable")) {
			t.Errorf("%v", h)
		}
		if h := found["etc/group"]; h == nil || h.PAXRecords["SCHILY.xattr.user.key"] != "value" {
			t.Errorf("attribute of a file that was changed: %v", h)
		}
		kinds := string(found["fifo"].Typeflag) + string(found["tmp/fifo"].Typeflag)
		if kinds != "61" && kinds != "16" {
			t.Errorf("hard link of a fifo: %v %v", found["fifo"], found["tmp/fifo"])
		}
		t.Log(slices.Sorted(maps.Keys(found)))
	})
	t.Run("throughput", func(t *testing.T) {
		s := s.of(t)
		s.expect(sh("dd if=/dev/urandom of=/large bs=1M count=64 2>/dev/null"), "")
		mark := time.Now()
		exported, err := s.export()
		s.must("export", err)
		took := time.Since(mark)
		t.Logf("%d bytes in %v: %.1f MB/s", len(exported), took, float64(len(exported))/1e6/took.Seconds())
	})
	t.Run("refusal", func(t *testing.T) {
		s := s.of(t)
		s.expect(sh("touch /tmp/.wh.odd"), "")
		if _, err := s.export(); reason(err) != "not_representable" {
			t.Error(err)
		}
		s.expect(sh("rm /tmp/.wh.odd"), "")
	})
	t.Run("cancelled", func(t *testing.T) {
		s := s.of(t)
		stream := s.beginExport()
		_, err := stream.Recv()
		s.must("receive", err)
		if _, err := s.export(); reason(err) != "busy" {
			t.Error("second export: ", err)
		}
		// What is started meanwhile waits.
		done := make(chan *result)
		go func() { done <- s.run(argv("echo", "after")) }()
		select {
		case <-done:
			t.Error("a process was started")
		case <-time.After(2 * time.Second):
		}
		stream.CloseSend()
		if r := <-done; r.out.String() != "after\n" {
			t.Errorf("%q", r.out.String())
		}
		for { // to its end
			if _, err = stream.Recv(); err != nil {
				break
			}
		}
		if status.Code(err) != codes.Canceled && status.Code(err) != codes.Unknown {
			t.Error(err)
		}
	})
	t.Run("supervisor dies", func(t *testing.T) {
		s := s.of(t)
		s.expect(sh("(while true; do date +%s >>/dates; sleep 0.2; done) >/dev/null 2>&1 & while ! test -s /dates; do sleep 0.1; done"), "")
		stream := s.beginExport()
		_, err := stream.Recv()
		s.must("receive", err)
		time.Sleep(3 * time.Second) // the gap that is looked for
		s.hangUp()
		time.Sleep(3 * time.Second) // nobody comes, and it goes on
		s = v.dial(t)
		// Had it waited for the next supervisor, the gap would be twice as long.
		s.expect(sh("p=; while read d; do g=$((d-${p:-$d})); p=$d; test $g -lt 2 || test $g -gt 5 || echo gap; done </dates; true"), "gap\n")
		s.hangUp()
	})
	s = v.dial(t)
	stream := s.beginExport()
	_, err := stream.Recv()
	s.must("receive", err)
	// A shutdown does not wait for an export that nobody reads.
	mark := time.Now()
	down, err := s.Shutdown(s.ctx, &pb.ShutdownRequest{GraceMs: 100})
	s.must("shutdown", err)
	t.Logf("shutdown: %v, %v", down, time.Since(mark))
	v.mustPowerOff(t, 20*time.Second)
}
