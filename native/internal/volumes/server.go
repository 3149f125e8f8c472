// Package volumes serves directories and files of the host to the guest of one box: as one FUSE file
// system whose root has an entry per volume, named by its number.
//
// The guest is hostile. What it names is one entry of a directory that is held open: no path is ever
// resolved and no link followed, so that nothing outside a volume can be reached whatever changes
// meanwhile. Read-only volumes are so here. Devices are neither made nor opened.
package volumes

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/fuse"
)

const (
	maxConcurrent = 32 // requests; each may hold MaxMessage bytes twice
	// Descriptors that are not the guest's: three of each request for a moment, and the program's own.
	spareFiles = 3*maxConcurrent + 32
	maxNodes   = 1 << 19
	forever    = 1 << 30 // seconds
	// moment is how long, in nanoseconds, attributes stay valid in the guest: until its clock ticks twice,
	// at most 8 ms. So it need not ask for them again within one system call. Names are never valid
	// longer than they are looked up, which tells the attributes anew: only who has a file open may see
	// a change of the host's that much later.
	moment = 1
)

// Server serves one guest, once.
type Server struct {
	volumes []*volume
	table   *table

	write   sync.Mutex
	conn    io.ReadWriter
	slots   chan struct{}
	pending sync.WaitGroup
}

// Open opens the volumes. Modes of new files are the guest's to choose: it changes the umask.
func Open(list []Volume) (*Server, error) {
	unix.Umask(0)
	limit, err := fileLimit(len(list))
	if err != nil {
		return nil, err
	}
	s := &Server{table: newTable(limit), slots: make(chan struct{}, maxConcurrent)}
	for _, v := range list {
		opened, err := open(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.Path, err)
		}
		s.volumes = append(s.volumes, opened)
	}
	return s, nil
}

// fileLimit is how many files of the guest may be open, beside so many volumes.
func fileLimit(volumes int) (int, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	limit.Cur = limit.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	spare := uint64(spareFiles + volumes)
	if limit.Cur <= 2*spare {
		return 0, fmt.Errorf("only %d files may be open", limit.Cur)
	}
	return int(min(limit.Cur-spare, maxNodes)), nil
}

func open(v Volume) (*volume, error) {
	fd, err := unix.Open(v.Path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, err
	}
	if kind := st.Mode & unix.S_IFMT; kind != unix.S_IFDIR && kind != unix.S_IFREG {
		return nil, errors.New("neither a directory nor a regular file")
	}
	owner := ids{hostUID: st.Uid, hostGID: st.Gid, privileged: unix.Geteuid() == 0}
	if !owner.privileged || v.Owned {
		// Without privileges all that the box makes becomes this user's, so that is who its user is.
		owner.hostUID, owner.hostGID = uint32(unix.Geteuid()), uint32(unix.Getegid())
	}
	owner.guestUID, owner.guestGID = owner.hostUID, owner.hostGID
	return &volume{readOnly: v.ReadOnly, single: st.Mode&unix.S_IFMT == unix.S_IFREG, ids: owner, root: fd}, nil
}

// Serve answers requests until the guest's end closes, and returns when all are answered.
func (s *Server) Serve(conn io.ReadWriter) error {
	s.conn = conn
	defer s.pending.Wait()
	for {
		header := make([]byte, fuse.InHeaderSize)
		if _, err := io.ReadFull(conn, header); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		h := fuse.ParseHeader(header)
		if h.Length < fuse.InHeaderSize || h.Length > fuse.MaxMessage {
			return fmt.Errorf("a message of %d bytes", h.Length)
		}
		body := make([]byte, h.Length-fuse.InHeaderSize)
		if _, err := io.ReadFull(conn, body); err != nil {
			return err
		}
		switch h.Opcode {
		// In order, and without an answer.
		case fuse.OpOwner:
			s.setOwner(fuse.NewReader(body))
		case fuse.OpForget:
			s.table.forget(h.Node, fuse.NewReader(body).U64())
		case fuse.OpBatchForget:
			s.forgetAll(fuse.NewReader(body))
		case fuse.OpInterrupt, fuse.OpDestroy: // nothing here waits for long
		default:
			s.slots <- struct{}{}
			s.pending.Go(func() {
				defer func() { <-s.slots }()
				s.answer(h, body)
			})
		}
	}
}

func (s *Server) setOwner(r *fuse.Reader) {
	uid, gid := r.U32(), r.U32()
	s.table.mu.Lock()
	defer s.table.mu.Unlock()
	for _, v := range s.volumes {
		v.ids.guestUID, v.ids.guestGID = uid, gid
	}
}

func (s *Server) forgetAll(r *fuse.Reader) {
	count := r.U32()
	r.U32()
	for ; count > 0 && !r.Short(); count-- {
		id, lookups := r.U64(), r.U64()
		s.table.forget(id, lookups)
	}
}

func (s *Server) answer(h fuse.Header, body []byte) {
	const start = fuse.OutHeaderSize
	reply := make([]byte, start, start+128)
	reply, err := s.do(h, fuse.NewReader(body), reply)
	var errno unix.Errno
	if err != nil {
		if !errors.As(err, &errno) {
			errno = unix.EIO
		}
		reply = reply[:start]
	}
	binary.LittleEndian.PutUint32(reply, uint32(len(reply)))
	binary.LittleEndian.PutUint32(reply[4:], uint32(-int32(errno)))
	binary.LittleEndian.PutUint64(reply[8:], h.Unique)
	s.write.Lock()
	defer s.write.Unlock()
	s.conn.Write(reply) // when it fails, so does the next read
}

// do does one request; the answer is appended to b.
func (s *Server) do(h fuse.Header, r *fuse.Reader, b []byte) ([]byte, error) {
	switch h.Opcode {
	case fuse.OpInit:
		return initialise(r, b)
	case fuse.OpStatfs, fuse.OpSyncfs:
	case fuse.OpFlush:
		return b, unix.ENOSYS // what is written is the host's at once; the guest does not ask again
	case fuse.OpRelease, fuse.OpReleasedir:
		s.table.release(r.U64())
		return b, nil
	case fuse.OpRead, fuse.OpWrite, fuse.OpReaddir, fuse.OpFsync, fuse.OpFsyncdir,
		fuse.OpFallocate, fuse.OpLseek:
		return s.withHandle(h, r, b)
	case fuse.OpCopyRange:
		return s.copyRange(r, b)
	}
	n, err := s.table.use(h.Node)
	if err != nil {
		return b, err
	}
	defer s.table.done(n)
	if n.fd < 0 {
		return s.inRoot(h, r, b, n)
	}
	if n.volume.readOnly && changes(h.Opcode) {
		return b, unix.EROFS
	}
	q := request{Server: s, Header: h, Reader: r, node: n}
	return q.do(b)
}

// changes says whether a request by name or node may change something. What goes by an open file may
// only if that was opened for writing.
func changes(opcode uint32) bool {
	switch opcode {
	case fuse.OpSetattr, fuse.OpSymlink, fuse.OpMknod, fuse.OpMkdir, fuse.OpUnlink, fuse.OpRmdir, fuse.OpRename,
		fuse.OpRename2, fuse.OpLink, fuse.OpSetxattr, fuse.OpRemovexattr, fuse.OpCreate:
		return true
	}
	return false
}

func initialise(r *fuse.Reader, b []byte) ([]byte, error) {
	major, minor, _, flags := r.U32(), r.U32(), r.U32(), r.U32()
	if r.Short() || major != fuse.Major || minor < fuse.Minor {
		return b, unix.EPROTO
	}
	flags &= fuse.InitAsyncRead | fuse.InitAtomicTrunc | fuse.InitBigWrites | fuse.InitAutoInvalData |
		fuse.InitAsyncDIO | fuse.InitParallelDirs | fuse.InitMaxPages | fuse.InitKillPrivV2
	b = u32s(b, fuse.Major, fuse.Minor, fuse.ReadAhead, flags)
	b = binary.LittleEndian.AppendUint16(b, maxConcurrent)
	b = binary.LittleEndian.AppendUint16(b, maxConcurrent*3/4)
	b = u32s(b, fuse.MaxData, 1)
	b = binary.LittleEndian.AppendUint16(b, uint16(fuse.MaxData/4096))
	return append(b, make([]byte, 2+8*4)...), nil
}

// inRoot answers for the directory of all volumes, which only the agent sees.
func (s *Server) inRoot(h fuse.Header, r *fuse.Reader, b []byte, root *node) ([]byte, error) {
	switch h.Opcode {
	case fuse.OpGetattr:
		// It never changes, so the guest need not ask again for each volume.
		return fuse.AppendAttr(u32s(u64s(b, forever), 0, 0), rootAttributes()), nil
	case fuse.OpLookup:
		var i int
		name := r.Text()
		if _, err := fmt.Sscanf(name, "%d", &i); err != nil || i < 0 || i >= len(s.volumes) || name != fmt.Sprint(i) {
			return b, unix.ENOENT
		}
		v := s.volumes[i]
		fd, err := unix.FcntlInt(uintptr(v.root), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return b, err
		}
		// The entry never becomes another file, so the guest need not ask again. What is known of the
		// file does not stay true.
		return s.entry(b, v, fd, forever)
	case fuse.OpStatfs:
		return append(b, make([]byte, 80)...), nil
	case fuse.OpAccess, fuse.OpSyncfs:
		return b, nil
	case fuse.OpOpendir:
		return b, unix.EACCES
	}
	return b, unix.EPERM
}

func rootAttributes() *unix.Stat_t {
	return &unix.Stat_t{Ino: fuse.RootNode, Mode: unix.S_IFDIR | 0o555, Nlink: 2, Blksize: 4096}
}

// entry takes over a descriptor and tells the guest its file. The name is valid for so many seconds:
// none, where the host changes files too.
func (s *Server) entry(b []byte, v *volume, fd int, valid uint64) ([]byte, error) {
	id, st, err := s.table.remember(v, fd)
	if err != nil {
		return b, err
	}
	b = u64s(b, id, 0, valid, 0)
	return fuse.AppendAttr(u32s(b, 0, v.attributesValid()), st), nil
}

func u32s(b []byte, numbers ...uint32) []byte {
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return b
}

func u64s(b []byte, numbers ...uint64) []byte {
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	return b
}
