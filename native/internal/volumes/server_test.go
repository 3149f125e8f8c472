package volumes

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/fuse"
)

// guest is a hostile kernel: it says what it likes.
type guest struct {
	t      *testing.T
	conn   net.Conn
	unique uint64
}

func serve(t *testing.T, list ...Volume) *guest {
	t.Helper()
	server, err := Open(list)
	if err != nil {
		t.Fatal(err)
	}
	host, conn := net.Pipe()
	done := make(chan struct{})
	go func() {
		server.Serve(host)
		close(done)
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	return &guest{t: t, conn: conn}
}

func (g *guest) ask(opcode uint32, node uint64, body []byte) ([]byte, unix.Errno) {
	g.t.Helper()
	g.unique++
	h := fuse.Header{Length: uint32(fuse.InHeaderSize + len(body)), Opcode: opcode, Unique: g.unique, Node: node}
	go g.conn.Write(append(h.Append(nil), body...))
	header := make([]byte, fuse.OutHeaderSize)
	if _, err := io.ReadFull(g.conn, header); err != nil {
		g.t.Fatal(err)
	}
	answer := make([]byte, binary.LittleEndian.Uint32(header)-fuse.OutHeaderSize)
	if _, err := io.ReadFull(g.conn, answer); err != nil {
		g.t.Fatal(err)
	}
	if unique := binary.LittleEndian.Uint64(header[8:]); unique != g.unique {
		g.t.Fatalf("answer to %d instead of %d", unique, g.unique)
	}
	return answer, unix.Errno(-int32(binary.LittleEndian.Uint32(header[4:])))
}

func text(names ...string) (b []byte) {
	for _, name := range names {
		b = append(append(b, name...), 0)
	}
	return b
}

func (g *guest) node(parent uint64, name string) uint64 {
	g.t.Helper()
	answer, errno := g.ask(fuse.OpLookup, parent, text(name))
	if errno != 0 {
		g.t.Fatalf("lookup of %q: %v", name, errno)
	}
	return binary.LittleEndian.Uint64(answer)
}

func (g *guest) refused(what string, want unix.Errno, opcode uint32, node uint64, body []byte) {
	g.t.Helper()
	if _, errno := g.ask(opcode, node, body); errno != want {
		g.t.Errorf("%s: %v instead of %v", what, errno, want)
	}
}

func write32(numbers ...uint32) []byte { return u32s(nil, numbers...) }

func TestNamesLeadNowhereElse(t *testing.T) {
	dir := t.TempDir()
	inside := filepath.Join(dir, "inside")
	os.Mkdir(inside, 0o755)
	os.WriteFile(filepath.Join(dir, "secret"), []byte("x"), 0o644)
	os.Symlink(dir, filepath.Join(inside, "link"))
	g := serve(t, Volume{Path: inside})
	root := g.node(fuse.RootNode, "0")
	for _, name := range []string{"..", ".", "", "a/b", "../secret", "/", dir} {
		g.refused("lookup of "+name, unix.EINVAL, fuse.OpLookup, root, text(name))
		g.refused("mkdir of "+name, unix.EINVAL, fuse.OpMkdir, root, append(write32(0o755, 0), text(name)...))
		g.refused("unlink of "+name, unix.EINVAL, fuse.OpUnlink, root, text(name))
		g.refused("rename to "+name, unix.EINVAL, fuse.OpRename, root, append(u64s(nil, root), text("a", name)...))
		g.refused("create of "+name, unix.EINVAL, fuse.OpCreate, root, append(write32(unix.O_WRONLY, 0o644, 0, 0), text(name)...))
	}
	link := g.node(root, "link")
	g.refused("lookup through a link", unix.ENOTDIR, fuse.OpLookup, link, text("secret"))
	g.refused("open of a link", unix.EPERM, fuse.OpOpen, link, write32(unix.O_RDONLY, 0))
	g.refused("opening a link as a directory", unix.ENOTDIR, fuse.OpOpendir, link, write32(unix.O_RDONLY, 0))
	g.refused("chmod of a link", unix.EOPNOTSUPP, fuse.OpSetattr, link,
		append(write32(fuse.SetMode), make([]byte, 84)...))
	g.refused("creating through a link", unix.ENOTDIR, fuse.OpMkdir, link, append(write32(0o755, 0), text("new")...))
	for _, name := range []string{"1", "-1", "00", "0x", "..", "x"} {
		g.refused("volume "+name, unix.ENOENT, fuse.OpLookup, fuse.RootNode, text(name))
	}
}

func TestReadOnlyVolumesAreSoOnTheHost(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "file"), []byte("as it was"), 0o666)
	g := serve(t, Volume{Path: dir, ReadOnly: true})
	root := g.node(fuse.RootNode, "0")
	file := g.node(root, "file")
	for _, flags := range []uint32{unix.O_WRONLY, unix.O_RDWR, unix.O_RDONLY | unix.O_TRUNC} {
		g.refused("open", unix.EROFS, fuse.OpOpen, file, write32(flags, 0))
	}
	g.refused("create", unix.EROFS, fuse.OpCreate, root, append(write32(unix.O_WRONLY, 0o644, 0, 0), text("new")...))
	g.refused("mkdir", unix.EROFS, fuse.OpMkdir, root, append(write32(0o755, 0), text("new")...))
	g.refused("unlink", unix.EROFS, fuse.OpUnlink, root, text("file"))
	g.refused("setattr", unix.EROFS, fuse.OpSetattr, file, append(write32(fuse.SetSize), make([]byte, 84)...))
	g.refused("xattr", unix.EROFS, fuse.OpSetxattr, file, append(write32(1, 0), text("user.a", "1")...))
	opened, errno := g.ask(fuse.OpOpen, file, write32(unix.O_RDONLY, 0))
	if errno != 0 {
		t.Fatal(errno)
	}
	handle := binary.LittleEndian.Uint64(opened)
	write := append(u64s(nil, handle, 0), write32(1, 0, 0, 0, 0, 0)...)
	g.refused("write by a file that is open for reading", unix.EBADF, fuse.OpWrite, file, append(write, 'x'))
	g.refused("allocate", unix.EBADF, fuse.OpFallocate, file, append(u64s(nil, handle, 0, 100), write32(0, 0)...))
	if content, _ := os.ReadFile(filepath.Join(dir, "file")); string(content) != "as it was" {
		t.Errorf("the file is now %q", content)
	}
}

func TestVolumesAreApart(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	os.WriteFile(filepath.Join(one, "file"), nil, 0o644)
	g := serve(t, Volume{Path: one}, Volume{Path: two, ReadOnly: true})
	first, second := g.node(fuse.RootNode, "0"), g.node(fuse.RootNode, "1")
	file := g.node(first, "file")
	g.refused("rename into a read-only volume", unix.EXDEV, fuse.OpRename, first, append(u64s(nil, second), text("file", "file")...))
	g.refused("link from another", unix.EROFS, fuse.OpLink, second, append(u64s(nil, file), text("file")...))
	g.refused("rename of the volume itself", unix.EPERM, fuse.OpRename, fuse.RootNode, append(u64s(nil, first), text("0", "x")...))
}

func TestDevicesAndPipesAreNotOpened(t *testing.T) {
	dir := t.TempDir()
	unix.Mkfifo(filepath.Join(dir, "pipe"), 0o666)
	g := serve(t, Volume{Path: dir})
	root := g.node(fuse.RootNode, "0")
	g.refused("open of a pipe", unix.EPERM, fuse.OpOpen, g.node(root, "pipe"), write32(unix.O_RDONLY, 0))
	g.refused("creating over a pipe", unix.EEXIST, fuse.OpCreate, root, append(write32(unix.O_RDONLY, 0o644, 0, 0), text("pipe")...))
	g.refused("a device", unix.EPERM, fuse.OpMknod, root, append(write32(unix.S_IFBLK|0o666, 0x800, 0, 0), text("disk")...))
}

func TestNonsenseIsRefused(t *testing.T) {
	g := serve(t, Volume{Path: t.TempDir()})
	root := g.node(fuse.RootNode, "0")
	g.refused("unknown node", unix.ESTALE, fuse.OpGetattr, 4711, write32(0, 0, 0, 0))
	g.refused("unknown handle", unix.EBADF, fuse.OpRead, root, u64s(nil, 4711, 0, 1<<40))
	g.refused("unknown operation", unix.ENOSYS, 999, root, nil)
	g.refused("no body", unix.EINVAL, fuse.OpSetattr, root, nil)
	g.refused("no name", unix.EINVAL, fuse.OpLookup, root, nil)
	g.refused("name without an end", unix.EINVAL, fuse.OpUnlink, root, []byte("abc"))
	opened, _ := g.ask(fuse.OpOpendir, root, write32(0, 0))
	handle := binary.LittleEndian.Uint64(opened)
	g.refused("huge read", unix.EINVAL, fuse.OpReaddir, root, append(u64s(nil, handle, 0), write32(1<<31, 0)...))
	g.refused("reading a directory", unix.EISDIR, fuse.OpRead, root, append(u64s(nil, handle, 0), write32(100, 0)...))
}

func TestForgottenFilesAreClosed(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "file"), nil, 0o644)
	g := serve(t, Volume{Path: dir})
	root := g.node(fuse.RootNode, "0")
	file := g.node(root, "file")
	if again := g.node(root, "file"); again != file {
		t.Fatalf("the same file is node %d and %d", file, again)
	}
	forget := fuse.Header{Length: fuse.InHeaderSize + 8, Opcode: fuse.OpForget, Node: file}
	g.conn.Write(append(forget.Append(nil), u64s(nil, 2)...))
	g.refused("a node that was forgotten", unix.ESTALE, fuse.OpGetattr, file, write32(0, 0, 0, 0))
}
