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
	g.refused("write by a file that is open for reading", unix.EROFS, fuse.OpWrite, file, append(write, 'x'))
	g.refused("allocate", unix.EROFS, fuse.OpFallocate, file, append(u64s(nil, handle, 0, 100), write32(0, 0)...))
	g.refused("copy", unix.EROFS, fuse.OpCopyRange, file, u64s(nil, handle, 0, file, handle, 4, 1, 0))
	appends, errno := g.ask(fuse.OpOpen, file, write32(unix.O_RDONLY|unix.O_APPEND, 0))
	if errno != 0 {
		t.Fatal(errno)
	}
	g.refused("page of a file that appends", unix.EROFS, fuse.OpWrite, file, writeCache(appends))
	if content, _ := os.ReadFile(filepath.Join(dir, "file")); string(content) != "as it was" {
		t.Errorf("the file is now %q", content)
	}
}

func TestFileThatIsOpenForReadingIsNotWritten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	os.WriteFile(path, []byte("as it was"), 0o444)
	g := serve(t, Volume{Path: dir})
	file := g.node(g.node(fuse.RootNode, "0"), "file")
	for _, flags := range []uint32{unix.O_RDONLY, unix.O_RDONLY | unix.O_APPEND} {
		opened, errno := g.ask(fuse.OpOpen, file, write32(flags, 0))
		if errno != 0 {
			t.Fatal(errno)
		}
		g.refused("page", unix.EBADF, fuse.OpWrite, file, writeCache(opened))
	}
	if content, _ := os.ReadFile(path); string(content) != "as it was" {
		t.Errorf("the file is now %q", content)
	}
}

// writeCache is a request to write a byte as from a page that was changed in memory.
func writeCache(opened []byte) []byte {
	handle := binary.LittleEndian.Uint64(opened)
	return append(append(u64s(nil, handle, 0), write32(1, fuse.WriteCache, 0, 0, 0, 0)...), 'x')
}

func TestFilesNeverGiveTheHostAnothersRights(t *testing.T) {
	dir := t.TempDir()
	g := serve(t, Volume{Path: dir})
	root := g.node(fuse.RootNode, "0")
	ask := func(opcode uint32, node uint64, body []byte) {
		t.Helper()
		if _, errno := g.ask(opcode, node, body); errno != 0 {
			t.Fatal(errno)
		}
	}
	ask(fuse.OpCreate, root, append(write32(unix.O_WRONLY, 0o6755, 0, 0), text("created")...))
	ask(fuse.OpMknod, root, append(write32(unix.S_IFREG|0o6755, 0, 0, 0), text("made")...))
	ask(fuse.OpCreate, root, append(write32(unix.O_WRONLY, 0o644, 0, 0), text("changed")...))
	change := make([]byte, 88)
	binary.LittleEndian.PutUint32(change, fuse.SetMode)
	binary.LittleEndian.PutUint32(change[68:], 0o6755)
	ask(fuse.OpSetattr, g.node(root, "changed"), change)
	ask(fuse.OpMkdir, root, append(write32(0o7755, 0), text("new")...))
	ask(fuse.OpMkdir, root, append(write32(0o755, 0), text("directory")...))
	binary.LittleEndian.PutUint32(change[68:], 0o7755)
	ask(fuse.OpSetattr, g.node(root, "directory"), change)
	for name, want := range map[string]uint32{
		"created": 0o755, "made": 0o755, "changed": 0o755, "new": unix.S_ISVTX | 0o755,
		"directory": unix.S_ISGID | unix.S_ISVTX | 0o755,
	} {
		var st unix.Stat_t
		if err := unix.Lstat(filepath.Join(dir, name), &st); err != nil {
			t.Fatal(err)
		}
		if st.Mode&allModes != want {
			t.Errorf("mode of %s: %o instead of %o", name, st.Mode&allModes, want)
		}
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

func TestForgettingMoreThanIsKnownClosesOnce(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "file"), nil, 0o644)
	g := serve(t, Volume{Path: dir})
	root := g.node(fuse.RootNode, "0")
	file := g.node(root, "file")
	for _, node := range []uint64{file, file, 4711, fuse.RootNode} {
		forget := fuse.Header{Length: fuse.InHeaderSize + 8, Opcode: fuse.OpForget, Node: node}
		g.conn.Write(append(forget.Append(nil), u64s(nil, 1<<63)...))
	}
	// More nodes than the message has.
	many := fuse.Header{Length: fuse.InHeaderSize + 24, Opcode: fuse.OpBatchForget}
	g.conn.Write(append(many.Append(nil), append(write32(1<<31, 0), u64s(nil, 4711, 1)...)...))
	g.refused("a node that was forgotten", unix.ESTALE, fuse.OpGetattr, file, write32(0, 0, 0, 0))
	if again := g.node(root, "file"); again == file {
		t.Error("a number is used again")
	}
}

// A request of each opcode that may change something, with a body that a writable volume takes.
func changesOf(dir, file uint64) map[uint32][]byte {
	set := append(write32(fuse.SetMode), make([]byte, 84)...)
	return map[uint32][]byte{
		fuse.OpSetattr:     set,
		fuse.OpSymlink:     text("new", "target"),
		fuse.OpMknod:       append(write32(unix.S_IFREG|0o644, 0, 0, 0), text("new")...),
		fuse.OpMkdir:       append(write32(0o755, 0), text("new")...),
		fuse.OpUnlink:      text("file"),
		fuse.OpRmdir:       text("empty"),
		fuse.OpRename:      append(u64s(nil, dir), text("file", "new")...),
		fuse.OpRename2:     append(append(u64s(nil, dir), write32(0, 0)...), text("file", "new")...),
		fuse.OpLink:        append(u64s(nil, file), text("new")...),
		fuse.OpSetxattr:    append(write32(1, 0), text("user.a", "1")...),
		fuse.OpRemovexattr: text("user.a"),
		fuse.OpCreate:      append(write32(unix.O_RDWR, 0o644, 0, 0), text("new")...),
	}
}

func TestEveryChangeOfAReadOnlyVolumeIsRefused(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "file"), []byte("as it was"), 0o640)
	os.Mkdir(filepath.Join(dir, "empty"), 0o755)
	g := serve(t, Volume{Path: dir, ReadOnly: true}, Volume{Path: dir})
	root := g.node(fuse.RootNode, "0")
	file := g.node(root, "file")
	list := changesOf(root, file)
	for opcode := uint32(0); opcode < 64; opcode++ {
		if body, listed := list[opcode]; listed != changes(opcode) {
			t.Errorf("opcode %d: tested %v, refused %v", opcode, listed, changes(opcode))
		} else if listed {
			g.refused("a change", unix.EROFS, opcode, root, body)
			g.refused("a change of the file", unix.EROFS, opcode, file, body)
		}
	}
	// Neither what is open for reading nor what is open in a volume that may be changed helps.
	opened, _ := g.ask(fuse.OpOpen, file, write32(unix.O_RDONLY, 0))
	read := binary.LittleEndian.Uint64(opened)
	other := g.node(g.node(fuse.RootNode, "1"), "file")
	opened, _ = g.ask(fuse.OpOpen, other, write32(unix.O_RDWR, 0))
	writable := binary.LittleEndian.Uint64(opened)
	g.refused("copy", unix.EROFS, fuse.OpCopyRange, other, u64s(nil, writable, 0, file, read, 0, 1, 0))
	byHandle := make([]byte, 88)
	binary.LittleEndian.PutUint32(byHandle, fuse.SetSize|fuse.SetFH)
	binary.LittleEndian.PutUint64(byHandle[8:], writable)
	g.refused("truncate by another's handle", unix.EROFS, fuse.OpSetattr, file, byHandle)
	var st unix.Stat_t
	unix.Stat(filepath.Join(dir, "file"), &st)
	content, _ := os.ReadFile(filepath.Join(dir, "file"))
	entries, _ := os.ReadDir(dir)
	if string(content) != "as it was" || st.Mode&0o777 != 0o640 || len(entries) != 2 {
		t.Errorf("now %q, mode %o, %d entries", content, st.Mode, len(entries))
	}
}

// The host's kernel lets root keep them; and what the guest's kernel says is not to be trusted.
func TestWhoChangesAFileTakesItsPrivileges(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "file")
	g := serve(t, Volume{Path: dir}, Volume{Path: dir, ReadOnly: true})
	root := g.node(fuse.RootNode, "0")
	reset := func() {
		os.WriteFile(name, []byte("content"), 0o644)
		unix.Chmod(name, 0o6711)
	}
	mode := func() uint32 {
		var st unix.Stat_t
		unix.Stat(name, &st)
		return st.Mode & 0o7777
	}
	reset()
	file := g.node(root, "file")
	opened, _ := g.ask(fuse.OpOpen, file, write32(unix.O_RDWR, 0))
	handle := binary.LittleEndian.Uint64(opened)
	write := append(u64s(nil, handle, 0), write32(1, 0, 0, 0, 0, 0)...)
	size := append(write32(fuse.SetSize), make([]byte, 84)...)
	for what, ask := range map[string]func() ([]byte, unix.Errno){
		"write":    func() ([]byte, unix.Errno) { return g.ask(fuse.OpWrite, file, append(write, 'x')) },
		"truncate": func() ([]byte, unix.Errno) { return g.ask(fuse.OpSetattr, file, size) },
		"allocate": func() ([]byte, unix.Errno) {
			return g.ask(fuse.OpFallocate, file, u64s(nil, handle, 0, 10, 0))
		},
		"copy": func() ([]byte, unix.Errno) {
			return g.ask(fuse.OpCopyRange, file, u64s(nil, handle, 0, file, handle, 100, 3, 0))
		},
		"open": func() ([]byte, unix.Errno) {
			return g.ask(fuse.OpOpen, file, write32(unix.O_WRONLY|unix.O_TRUNC, 0))
		},
		"create": func() ([]byte, unix.Errno) {
			body := append(write32(unix.O_WRONLY|unix.O_TRUNC, 0o644, 0, 0), text("file")...)
			return g.ask(fuse.OpCreate, root, body)
		},
	} {
		reset()
		if _, errno := ask(); errno != 0 || mode() != 0o711 {
			t.Errorf("%s: %v, mode %o", what, errno, mode())
		}
	}
	reset()
	protected := g.node(g.node(fuse.RootNode, "1"), "file")
	opened, _ = g.ask(fuse.OpOpen, protected, write32(unix.O_RDONLY, 0))
	write = append(u64s(nil, binary.LittleEndian.Uint64(opened), 0), write32(1, 0, 0, 0, 0, 0)...)
	g.refused("write to a read-only volume", unix.EROFS, fuse.OpWrite, protected, append(write, 'x'))
	if mode() != 0o6711 {
		t.Errorf("a read-only file's mode is %o", mode())
	}
}

// The guest can guess the number of a file that it creates, and forget it at once.
func TestFileThatIsForgottenStaysOpen(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "other"), []byte("as it was"), 0o644)
	g := serve(t, Volume{Path: dir})
	root := g.node(fuse.RootNode, "0")
	created, errno := g.ask(fuse.OpCreate, root, append(write32(unix.O_WRONLY|unix.O_APPEND, 0o644, 0, 0), text("file")...))
	if errno != 0 {
		t.Fatal(errno)
	}
	file, handle := binary.LittleEndian.Uint64(created), binary.LittleEndian.Uint64(created[len(created)-16:])
	forget := fuse.Header{Length: fuse.InHeaderSize + 8, Opcode: fuse.OpForget, Node: file}
	g.conn.Write(append(forget.Append(nil), u64s(nil, 1)...))
	g.node(root, "other") // takes a number that has become free, if there is one
	page := append(u64s(nil, handle, 0), write32(4, fuse.WriteCache, 0, 0, 0, 0)...)
	if _, errno := g.ask(fuse.OpWrite, file, append(page, "text"...)); errno != 0 {
		t.Error(errno)
	}
	for name, content := range map[string]string{"file": "text", "other": "as it was"} {
		if got, _ := os.ReadFile(filepath.Join(dir, name)); string(got) != content {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestMessagesOfImpossibleLengthEndTheConnection(t *testing.T) {
	for _, length := range []uint32{0, fuse.InHeaderSize - 1, fuse.MaxMessage + 1, 1<<32 - 1} {
		server, err := Open([]Volume{{Path: t.TempDir()}})
		if err != nil {
			t.Fatal(err)
		}
		host, conn := net.Pipe()
		done := make(chan error)
		go func() { done <- server.Serve(host) }()
		conn.Write(fuse.Header{Length: length, Opcode: fuse.OpGetattr}.Append(nil))
		if err := <-done; err == nil {
			t.Errorf("%d bytes were taken", length)
		}
		conn.Close()
	}
}

// FuzzMessages sends anything, to the two nodes and two handles that a guest begins with. Whatever it
// is, the server answers or is silent, goes on, and leaves alone what lies outside the volumes.
func FuzzMessages(f *testing.F) {
	for opcode, body := range changesOf(2, 3) {
		f.Add(opcode, uint64(2), body)
		f.Add(opcode, uint64(1), body[:len(body)/2])
	}
	for opcode := uint32(0); opcode < 52; opcode++ {
		f.Add(opcode, uint64(3), []byte{})
		f.Add(opcode, uint64(2), u64s(nil, 4, 1<<63, 1<<40, 5, 1<<63, 1<<62))
		f.Add(opcode, uint64(1<<63), text("..", "../../etc/passwd"))
	}
	f.Add(uint32(fuse.OpBatchForget), uint64(0), append(write32(1<<32-1, 0), u64s(nil, 2, 1<<63)...))
	f.Add(uint32(fuse.OpWrite), uint64(3), append(u64s(nil, 4, 1<<62), write32(1<<31, 0, 0, 0, 0, 0)...))
	f.Fuzz(func(t *testing.T, opcode uint32, node uint64, body []byte) {
		if len(body) > fuse.MaxData || opcode == fuse.OpFallocate { // which would fill the disk
			return
		}
		outside := t.TempDir()
		dir, fixed := filepath.Join(outside, "a"), filepath.Join(outside, "b")
		os.Mkdir(dir, 0o755)
		os.Mkdir(fixed, 0o755)
		os.WriteFile(filepath.Join(dir, "file"), []byte("x"), 0o644)
		os.WriteFile(filepath.Join(fixed, "file"), []byte("as it was"), 0o644)
		os.Symlink(fixed, filepath.Join(dir, "link"))
		server, err := Open([]Volume{{Path: dir}, {Path: fixed, ReadOnly: true}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { // a process closes nothing: it ends
			for _, n := range server.table.nodes {
				if n.fd >= 0 {
					unix.Close(n.fd)
				}
			}
			for _, h := range server.table.handles {
				if h.fd >= 0 {
					unix.Close(h.fd)
				}
			}
			for _, v := range server.volumes {
				unix.Close(v.root)
			}
		}()
		ask := func(opcode uint32, node uint64, body []byte) []byte {
			h := fuse.Header{Length: uint32(fuse.InHeaderSize + len(body)), Opcode: opcode, Unique: 1, Node: node}
			e := &exchange{in: append(h.Append(nil), body...)}
			server.Serve(e)
			return e.out
		}
		ask(fuse.OpLookup, 1, text("0"))                  // 2
		ask(fuse.OpLookup, 2, text("file"))               // 3
		ask(fuse.OpOpen, 3, write32(unix.O_RDWR, 0))      // 4
		ask(fuse.OpOpendir, 2, write32(unix.O_RDONLY, 0)) // 5
		ask(fuse.OpLookup, 1, text("1"))                  // 6
		ask(opcode, node, body)
		if len(ask(fuse.OpGetattr, 1, write32(0, 0, 0, 0))) == 0 {
			t.Fatal("it does not go on")
		}
		if content, _ := os.ReadFile(filepath.Join(fixed, "file")); string(content) != "as it was" {
			t.Fatalf("outside: %q", content)
		}
		if entries, _ := os.ReadDir(outside); len(entries) != 2 {
			t.Fatalf("outside: %v", entries)
		}
	})
}

// exchange is a connection with all requests there from the beginning.
type exchange struct{ in, out []byte }

func (e *exchange) Read(b []byte) (int, error) {
	if len(e.in) == 0 {
		return 0, io.EOF
	}
	n := copy(b, e.in)
	e.in = e.in[n:]
	return n, nil
}

func (e *exchange) Write(b []byte) (int, error) {
	e.out = append(e.out, b...)
	return len(b), nil
}
