package copying

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	pb "boxlite.io/native/internal/agentpb"
	"boxlite.io/native/internal/inroot"
)

func at(t *testing.T, dir string) inroot.Root {
	t.Helper()
	r, err := inroot.At(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(int(r)) })
	return r
}

func options(path string) UnpackOptions {
	return UnpackOptions{Path: path, UID: os.Getuid(), GID: os.Getgid(), Warn: func(string) error { return nil }}
}

func archive(t *testing.T, headers ...*tar.Header) io.Reader {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		content := h.Uname // of a file
		h.Uname, h.Size = "", int64(len(content))
		if h.Mode == 0 {
			h.Mode = 0o755
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, content)
	}
	w.Close()
	return &b
}

func file(name, content string) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Uname: content, Mode: 0o640, ModTime: time.Unix(1000, 0)}
}

func dir(name string) *tar.Header { return &tar.Header{Typeflag: tar.TypeDir, Name: name} }

func content(t *testing.T, p string) string {
	t.Helper()
	b, err := os.ReadFile(p)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

func TestDestination(t *testing.T) {
	for _, c := range []struct {
		name, dst, want string
		rename, exists  bool
		headers         []*tar.Header
	}{
		{"file becomes the destination", "new/x", "new/x", false, false, []*tar.Header{file("a", "1")}},
		{"file below directories becomes the destination", "x", "x", false, false, []*tar.Header{file("d/a", "1")}},
		{"file goes into a directory", "there", "there/a", false, true, []*tar.Header{file("a", "1")}},
		{"file goes into a directory that is made", "new/", "new/a", false, false, []*tar.Header{file("a", "1")}},
		{"two files go into a directory that is made", "new", "new/a", false, false, []*tar.Header{file("a", "1"), file("b", "2")}},
		{"tree goes into a directory that is made", "new", "new/d/a", false, false, []*tar.Header{dir("d/"), file("d/a", "1")}},
		{"relative tree", "new", "new/a", false, false, []*tar.Header{dir("./"), file("./a", "1")}},
		{"directory becomes the destination", "new", "new/a", true, false, []*tar.Header{dir("d/"), file("d/a", "1")}},
		{"directory goes into a directory", "there", "there/d/a", true, true, []*tar.Header{dir("d/"), file("d/a", "1")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			if c.exists {
				os.Mkdir(filepath.Join(root, c.dst), 0o755)
			}
			o := options(c.dst)
			o.RenameTop = c.rename
			if err := Unpack(t.Context(), archive(t, c.headers...), at(t, root), o); err != nil {
				t.Fatal(err)
			}
			if got := content(t, filepath.Join(root, c.want)); got != "1" {
				t.Errorf("%q", got)
			}
			if left, _ := filepath.Glob(filepath.Join(root, ".boxlite-*")); left != nil {
				t.Error(left)
			}
		})
	}
}

func TestUnpackKeepsModeTimeAndLinks(t *testing.T) {
	root := t.TempDir()
	d := dir("d/")
	d.Mode, d.ModTime = 0o2750, time.Unix(2000, 0)
	a := archive(t, d, file("d/a", "1"), &tar.Header{Typeflag: tar.TypeLink, Name: "d/b", Linkname: "d/a"},
		&tar.Header{Typeflag: tar.TypeSymlink, Name: "d/c", Linkname: "/nowhere"}, &tar.Header{Typeflag: tar.TypeChar, Name: "d/dev"})
	o := options("/")
	var warnings []string
	o.Warn = func(w string) error { warnings = append(warnings, w); return nil }
	if err := Unpack(t.Context(), a, at(t, root), o); err != nil {
		t.Fatal(err)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "/d/dev was skipped: it is a device") {
		t.Error(warnings)
	}
	var sa, sb, sd unix.Stat_t
	unix.Lstat(filepath.Join(root, "d/a"), &sa)
	unix.Lstat(filepath.Join(root, "d/b"), &sb)
	unix.Lstat(filepath.Join(root, "d"), &sd)
	if sa.Ino != sb.Ino || sa.Mode&0o7777 != 0o640 || sa.Mtim.Sec != 1000 || sd.Mode&0o7777 != 0o2750 || sd.Mtim.Sec != 2000 {
		t.Error(sa, sb, sd)
	}
	if l, _ := os.Readlink(filepath.Join(root, "d/c")); l != "/nowhere" {
		t.Error(l)
	}
}

func TestUnpackStaysInTheRoot(t *testing.T) {
	outside := t.TempDir()
	for name, headers := range map[string][]*tar.Header{
		"dots":            {file("../x", "1")},
		"absolute":        {file("/x", "1")},
		"absolute link":   {{Typeflag: tar.TypeSymlink, Name: "l", Linkname: outside}, file("l/x", "1")},
		"relative link":   {{Typeflag: tar.TypeSymlink, Name: "l", Linkname: strings.Repeat("../", 30) + outside}, file("l/x", "1")},
		"hard link":       {{Typeflag: tar.TypeLink, Name: "l", Linkname: outside + "/y"}, file("l", "1")},
		"link as a file":  {{Typeflag: tar.TypeSymlink, Name: "x", Linkname: outside + "/x"}, file("x", "1")},
		"hard link dots":  {{Typeflag: tar.TypeLink, Name: "l", Linkname: "../../y"}, file("x", "1")},
		"destination dot": {file("x", "1")},
	} {
		t.Run(name, func(t *testing.T) {
			os.WriteFile(outside+"/y", []byte("kept"), 0o644)
			o := options("/d/")
			if name == "destination dot" {
				o.Path = "/d/../../x"
			}
			err := Unpack(t.Context(), archive(t, headers...), at(t, t.TempDir()), o)
			t.Log(err)
			if found, _ := os.ReadDir(outside); len(found) != 1 || content(t, outside+"/y") != "kept" {
				t.Error(found)
			}
		})
	}
}

func TestNoOverwrite(t *testing.T) {
	root := t.TempDir()
	os.WriteFile(root+"/x", []byte("old"), 0o644)
	o := options("/x")
	o.NoOverwrite = true
	err := Unpack(t.Context(), archive(t, file("a", "1")), at(t, root), o)
	if err == nil || err.Error() != "destination /x exists and overwrite=false" || content(t, root+"/x") != "old" {
		t.Error(err)
	}
}

func TestBrokenArchiveLeavesNoTemporaryFile(t *testing.T) {
	root := t.TempDir()
	whole, _ := io.ReadAll(archive(t, file("a", strings.Repeat("x", 5000))))
	err := Unpack(t.Context(), bytes.NewReader(whole[:1024]), at(t, root), options("/x"))
	if found, _ := os.ReadDir(root); err == nil || len(found) != 0 {
		t.Error(err, found)
	}
}

func names(t *testing.T, root string, o PackOptions) (names []string, comments []string) {
	t.Helper()
	var b bytes.Buffer
	if err := Pack(t.Context(), &b, at(t, root), o); err != nil {
		t.Fatal(err)
	}
	r := tar.NewReader(&b)
	for {
		h, err := r.Next()
		if err == io.EOF {
			return names, comments
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			comments = append(comments, h.PAXRecords["comment"])
			continue
		}
		names = append(names, string(h.Typeflag)+h.Name)
	}
}

func TestPack(t *testing.T) {
	root := t.TempDir()
	os.MkdirAll(root+"/d/e", 0o755)
	os.WriteFile(root+"/d/e/f", []byte("1"), 0o644)
	os.Symlink("/d/e", root+"/d/e/up")
	unix.Mkfifo(root+"/d/e/pipe", 0o644)
	for _, c := range []struct {
		o    PackOptions
		want string
	}{
		{PackOptions{Path: "/d/e/f"}, "0f"},
		{PackOptions{Path: "/d/e", Recursive: true, IncludeParent: true}, "5e/ 0e/f 2e/up"},
		{PackOptions{Path: "d/e", Recursive: true}, "5./ 0f 2up"},
		{PackOptions{Path: "/d/e/.", Recursive: true, IncludeParent: true}, "5./ 0f 2up"},
		{PackOptions{Path: "/d/e", Recursive: true, FollowSymlinks: true}, "5./ 0f 5up/"},
	} {
		got, comments := names(t, root, c.o)
		for _, w := range strings.Fields(c.want) {
			if !strings.Contains(" "+strings.Join(got, " ")+" ", " "+w+" ") {
				t.Errorf("%+v: %v", c.o, got)
			}
		}
		if len(got) != len(strings.Fields(c.want)) || c.o.Recursive && !strings.Contains(strings.Join(comments, "\n"), "a FIFO") {
			t.Errorf("%+v: %v %v", c.o, got, comments)
		}
	}
	for _, p := range []string{"", "/nothing", "/d/../d", "/d/e/pipe", "/d"} {
		if err := Pack(t.Context(), io.Discard, at(t, root), PackOptions{Path: p}); err == nil {
			t.Error(p)
		}
	}
}

func TestSparseFileIsFewChunksAndStaysSparse(t *testing.T) {
	root, size := t.TempDir(), int64(1<<30)
	f, _ := os.Create(root + "/s")
	f.Truncate(size)
	f.WriteAt([]byte("middle"), size/2)
	f.Close()
	chunks := make(chan *pb.CopyChunk)
	var w *ChunkWriter
	count := 0
	w = NewChunkWriter(t.Context(), func(c *pb.CopyChunk) error {
		count++
		if d := c.GetData(); d != nil {
			c = &pb.CopyChunk{Content: &pb.CopyChunk_Data{Data: bytes.Clone(d)}}
		}
		chunks <- c
		return nil
	})
	go func() {
		defer close(chunks)
		if err := Pack(t.Context(), w, at(t, root), PackOptions{Path: "/s"}); err != nil {
			t.Error(err)
		}
		w.Flush()
	}()
	in := &ChunkReader{
		Next: func() (*pb.CopyChunk, error) {
			if c, ok := <-chunks; ok {
				return c, nil
			}
			return nil, io.EOF
		},
		Consumed: w.Acknowledge,
	}
	if err := Unpack(context.Background(), in, at(t, root), options("/copy")); err != nil {
		t.Fatal(err)
	}
	in.Drain()
	var st unix.Stat_t
	unix.Stat(root+"/copy", &st)
	if st.Size != size || st.Blocks > 1024 || count > 200 {
		t.Error(st.Size, st.Blocks, count)
	}
	c, _ := os.Open(root + "/copy")
	defer c.Close()
	b := make([]byte, 6)
	if c.ReadAt(b, size/2); string(b) != "middle" {
		t.Errorf("%q", b)
	}
}
