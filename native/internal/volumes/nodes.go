package volumes

import (
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/fuse"
)

// Volume is a directory or file of the host that a box has.
type Volume struct {
	Path     string `json:"path"`
	ReadOnly bool   `json:"read_only"`
	// Owned is set when the supervisor has made it: then it is that user's, whoever a box has given its
	// directory to.
	Owned bool `json:"owned"`
}

// volume is an open one.
type volume struct {
	readOnly bool
	single   bool // it is a file
	ids      ids
	root     int // O_PATH
}

// attributesValid is for how many nanoseconds. The only name of a single file is never looked up again.
func (v *volume) attributesValid() uint32 {
	if v.single {
		return 0
	}
	return moment
}

// file names a file of the host for as long as it is open.
type file struct {
	device, inode uint64
}

// node is what the guest knows a file by. It is found by an open descriptor, never by a path: names
// are resolved one at a time, and no link is followed.
type node struct {
	id      uint64
	volume  *volume
	fd      int // O_PATH; -1: the root, whose entries are the volumes
	file    file
	mode    uint32 // only its type
	lookups uint64 // how often the guest was told; guarded by the table
	uses    int    // requests that use it now; guarded by the table
}

func (n *node) path() string { return pathOf(n.fd) }

// pathOf is a name by which the kernel finds the open file itself.
func pathOf(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

func (n *node) is(kind uint32) bool { return n.mode&unix.S_IFMT == kind }

type key struct {
	volume *volume
	file   file
}

// table holds the nodes and open files that the guest knows.
type table struct {
	mu      sync.Mutex
	nodes   map[uint64]*node
	byFile  map[key]*node
	next    uint64
	limit   int
	handles map[uint64]*handle
	devices map[uint64]uint64 // numbers of the host's devices, which tell their inodes apart
}

// handle is an open file or directory of the guest.
type handle struct {
	node *node
	fd   int
	mu   sync.Mutex // of the position in a directory
	uses int
	gone bool
}

func newTable(limit int) *table {
	root := &node{id: fuse.RootNode, fd: -1, mode: unix.S_IFDIR, lookups: 1}
	return &table{
		nodes: map[uint64]*node{root.id: root}, byFile: map[key]*node{}, next: root.id + 1, limit: limit,
		handles: map[uint64]*handle{}, devices: map[uint64]uint64{},
	}
}

// use finds a node and keeps it until done.
func (t *table) use(id uint64) (*node, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.nodes[id]
	if n == nil {
		return nil, unix.ESTALE
	}
	n.uses++
	return n, nil
}

func (t *table) done(n *node) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n.uses--
	t.drop(n)
}

// drop closes a node that nobody knows or uses any more.
func (t *table) drop(n *node) {
	if n.lookups > 0 || n.uses > 0 || n.fd < 0 || t.nodes[n.id] != n {
		return
	}
	delete(t.nodes, n.id)
	delete(t.byFile, key{n.volume, n.file})
	unix.Close(n.fd)
}

func (t *table) forget(id, count uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := t.nodes[id]; n != nil && n.fd >= 0 {
		n.lookups -= min(count, n.lookups)
		t.drop(n)
	}
}

// remember takes over an O_PATH descriptor whose file the guest is to be told of.
func (t *table) remember(v *volume, fd int) (uint64, *unix.Stat_t, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, st, err := t.known(v, fd)
	if err != nil {
		return 0, nil, err
	}
	return n.id, st, nil
}

// rememberOpen is remember and open at once: the guest, which may guess the number of a new node, can
// not forget it in between.
func (t *table) rememberOpen(v *volume, path, fd int) (node, handle uint64, st *unix.Stat_t, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, st, err := t.known(v, path)
	if err != nil {
		unix.Close(fd)
		return 0, 0, nil, err
	}
	if handle, err = t.opened(n, fd); err != nil {
		n.lookups--
		t.drop(n)
		return 0, 0, nil, err
	}
	return n.id, handle, st, nil
}

// known takes over an O_PATH descriptor, with the lock held.
func (t *table) known(v *volume, fd int) (*node, *unix.Stat_t, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return nil, nil, err
	}
	k := key{v, file{st.Dev, st.Ino}}
	n := t.byFile[k]
	switch {
	case n != nil:
		unix.Close(fd)
	case len(t.nodes)+len(t.handles) >= t.limit:
		unix.Close(fd)
		return nil, nil, unix.ENFILE
	default:
		n = &node{id: t.next, volume: v, fd: fd, file: k.file, mode: st.Mode & unix.S_IFMT}
		t.next++
		t.nodes[n.id], t.byFile[k] = n, n
	}
	n.lookups++
	t.seen(v, &st)
	return n, &st, nil
}

// seen makes attributes those that the guest sees. Files of several file systems are in the guest's
// one: their inode numbers must differ.
func (t *table) seen(v *volume, st *unix.Stat_t) {
	st.Ino = t.inode(st.Dev, st.Ino)
	st.Uid, st.Gid = v.ids.toGuest(st.Uid, st.Gid)
}

func (t *table) inode(device, inode uint64) uint64 {
	const bits = 48
	number, known := t.devices[device]
	if !known {
		number = uint64(len(t.devices)) + 1
		t.devices[device] = number
	}
	return inode ^ number<<bits
}

func (t *table) attributes(n *node, st *unix.Stat_t) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen(n.volume, st)
}

// open takes over the descriptor of a file that the guest has opened.
func (t *table) open(n *node, fd int) (uint64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.opened(n, fd)
}

// opened is open, with the lock held.
func (t *table) opened(n *node, fd int) (uint64, error) {
	if len(t.nodes)+len(t.handles) >= t.limit {
		unix.Close(fd)
		return 0, unix.ENFILE
	}
	id := t.next
	t.next++
	t.handles[id] = &handle{node: n, fd: fd}
	n.uses++
	return id, nil
}

func (t *table) useHandle(id uint64) (*handle, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.handles[id]
	if h == nil {
		return nil, unix.EBADF
	}
	h.uses++
	return h, nil
}

func (t *table) doneHandle(h *handle) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h.uses--
	t.closeHandle(h)
}

func (t *table) release(id uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if h := t.handles[id]; h != nil {
		delete(t.handles, id)
		h.gone = true
		t.closeHandle(h)
	}
}

func (t *table) closeHandle(h *handle) {
	if !h.gone || h.uses > 0 {
		return
	}
	unix.Close(h.fd)
	h.node.uses--
	t.drop(h.node)
}

// checkName refuses what is not the name of one entry.
func checkName(name string) error {
	switch {
	case name == "", name == ".", name == "..", strings.Contains(name, "/"):
		return unix.EINVAL
	case len(name) > unix.NAME_MAX:
		return unix.ENAMETOOLONG
	}
	return nil
}

// ids says how owners of the host look in the guest: two users, and two groups, are exchanged.
type ids struct {
	hostUID, hostGID   uint32
	guestUID, guestGID uint32
	privileged         bool // whether files can be given to others
}

func swap(id, one, other uint32) uint32 {
	switch id {
	case one:
		return other
	case other:
		return one
	}
	return id
}

func (i *ids) toGuest(uid, gid uint32) (uint32, uint32) {
	return swap(uid, i.hostUID, i.guestUID), swap(gid, i.hostGID, i.guestGID)
}

// toHost is its own inverse.
func (i *ids) toHost(uid, gid uint32) (uint32, uint32) { return i.toGuest(uid, gid) }
