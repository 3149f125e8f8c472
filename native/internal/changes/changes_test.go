package changes

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func nothing(string, *unix.Stat_t) bool { return false }

// written is what Write makes of a directory, by name.
func written(t *testing.T, dir string, omit func(string, *unix.Stat_t) bool) map[string]*tar.Header {
	t.Helper()
	var b bytes.Buffer
	must(t, Write(context.Background(), &b, dir, omit))
	result := map[string]*tar.Header{}
	for r := tar.NewReader(&b); ; {
		h, err := r.Next()
		if err == io.EOF {
			return result
		}
		must(t, err)
		if result[h.Name] != nil {
			t.Errorf("%s is there twice", h.Name)
		}
		content, err := io.ReadAll(r)
		must(t, err)
		if h.Typeflag == tar.TypeReg {
			h.Linkname = string(content)
		}
		result[h.Name] = h
	}
}

// These need the rights that the agent has.
func TestWritesEveryKindOfFile(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	odd := "new\nline \xff=\xc3\xa9"
	must(t, os.WriteFile(at(odd), []byte("content"), 0o600))
	must(t, os.Chown(at(odd), 3000000, 70000))
	must(t, os.Chmod(at(odd), 0o640|os.ModeSetuid))
	when := time.Unix(-5, 123456789)
	must(t, unix.Lsetxattr(at(odd), "user.key", []byte("a\x00\n=b"), 0))
	must(t, unix.Lsetxattr(at(odd), "trusted.overlay.origin", []byte("secret"), 0))
	must(t, os.Chtimes(at(odd), when, when))
	must(t, os.Mkdir(at("d"), 0o750))
	must(t, unix.Lsetxattr(at("d"), "trusted.overlay.opaque", []byte("y"), 0))
	must(t, os.Link(at(odd), at("d/link")))
	must(t, os.Symlink("/etc/passwd", at("d/symbolic")))
	must(t, unix.Lsetxattr(at("d/symbolic"), "trusted.key", []byte("on the link"), 0))
	must(t, unix.Mkfifo(at("fifo"), 0o600))
	must(t, unix.Mknod(at("block"), unix.S_IFBLK|0o660, int(unix.Mkdev(259, 70000))))
	must(t, unix.Mknod(at("d/gone"), unix.S_IFCHR, 0))
	must(t, unix.Mknod(at("socket"), unix.S_IFSOCK|0o600, 0))
	long := "long/" + strings.Repeat("n", 255)
	must(t, os.MkdirAll(at(long), 0o755))
	must(t, os.Mkdir(at("omitted"), 0o755))
	must(t, os.WriteFile(at("omitted/file"), nil, 0o644))

	found := written(t, dir, func(path string, _ *unix.Stat_t) bool { return path == "omitted" })
	names := fmt.Sprint(len(found))
	if names != "10" {
		t.Errorf("entries: %v", found)
	}
	for name, kind := range map[string]byte{
		"d/": tar.TypeDir, "d/.wh..wh..opq": tar.TypeReg, "d/.wh.gone": tar.TypeReg, "d/symbolic": tar.TypeSymlink,
		"fifo": tar.TypeFifo, "block": tar.TypeBlock, long + "/": tar.TypeDir,
	} {
		if h := found[name]; h == nil || h.Typeflag != kind {
			t.Errorf("%s: %v", name, h)
		}
	}
	first, second := found[odd], found["d/link"]
	if first.Typeflag == tar.TypeLink {
		first, second = second, first
	}
	if first.Linkname != "content" || second.Typeflag != tar.TypeLink || second.Linkname != first.Name {
		t.Errorf("hard link: %v %v", first, second)
	}
	if first.Uid != 3000000 || first.Gid != 70000 || first.Mode != 0o4640 || !first.ModTime.Equal(when) {
		t.Errorf("%v", first)
	}
	if r := first.PAXRecords; r["SCHILY.xattr.user.key"] != "a\x00\n=b" || strings.Contains(fmt.Sprint(found), "overlay") {
		t.Errorf("attributes: %v", r)
	}
	if r := found["d/symbolic"].PAXRecords; r["SCHILY.xattr.trusted.key"] != "on the link" || found["d/symbolic"].Linkname != "/etc/passwd" {
		t.Errorf("symbolic link: %v", r)
	}
	if b := found["block"]; b.Devmajor != 259 || b.Devminor != 70000 {
		t.Errorf("block device: %v", b)
	}
}

func TestRefusesWhatALayerCannotHold(t *testing.T) {
	for what, make := range map[string]func(dir string) error{
		"whiteout": func(dir string) error { return os.WriteFile(dir+"/.wh.name", nil, 0o644) },
		"attribute": func(dir string) error {
			os.WriteFile(dir+"/file", nil, 0o644)
			return unix.Lsetxattr(dir+"/file", "user.a=b", []byte("c"), 0)
		},
	} {
		dir := t.TempDir()
		must(t, make(dir))
		if err := Write(context.Background(), io.Discard, dir, nothing); !errors.Is(err, ErrNotRepresentable) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestDepthIsBounded(t *testing.T) {
	dir := t.TempDir()
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	must(t, err)
	for range maxDepth + 10 {
		must(t, unix.Mkdirat(fd, "d", 0o755))
		next, err := unix.Openat(fd, "d", unix.O_RDONLY|unix.O_DIRECTORY, 0)
		must(t, err)
		unix.Close(fd)
		fd = next
	}
	unix.Close(fd)
	if err := Write(context.Background(), io.Discard, dir, nothing); !errors.Is(err, ErrNotRepresentable) {
		t.Error(err)
	}
}

func TestEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(dir+"/file", nil, 0o644))
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("why")
	cancel(why)
	if err := Write(ctx, io.Discard, dir, nothing); err != why {
		t.Error(err)
	}
}
