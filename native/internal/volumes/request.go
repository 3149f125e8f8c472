package volumes

import (
	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/fuse"
)

const (
	// openFlags are those of an open that mean something on the host.
	openFlags = unix.O_ACCMODE | unix.O_APPEND | unix.O_TRUNC | unix.O_SYNC | unix.O_DSYNC
	allModes  = 0o7777
)

// modeOf is what a guest may make of the mode of a file: never one that gives whoever runs it on the
// host another user's or group's rights. At a directory the bit only says which group its entries have.
func modeOf(mode uint32, directory bool) uint32 {
	if directory {
		return mode & allModes &^ unix.S_ISUID
	}
	return mode & allModes &^ (unix.S_ISUID | unix.S_ISGID)
}

// request is one that names a node other than the root.
type request struct {
	*Server
	fuse.Header
	*fuse.Reader
	node *node
}

func (q *request) do(b []byte) ([]byte, error) {
	switch q.Opcode {
	case fuse.OpLookup:
		return q.lookup(b)
	case fuse.OpGetattr:
		return q.getattr(b)
	case fuse.OpSetattr:
		return q.setattr(b)
	case fuse.OpReadlink:
		return q.readlink(b)
	case fuse.OpSymlink, fuse.OpMknod, fuse.OpMkdir, fuse.OpLink, fuse.OpCreate:
		return q.create(b)
	case fuse.OpUnlink:
		return b, q.named(func(name string) error { return unix.Unlinkat(q.node.fd, name, 0) })
	case fuse.OpRmdir:
		return b, q.named(func(name string) error { return unix.Unlinkat(q.node.fd, name, unix.AT_REMOVEDIR) })
	case fuse.OpRename, fuse.OpRename2:
		return b, q.rename()
	case fuse.OpOpen, fuse.OpOpendir:
		return q.open(b)
	case fuse.OpStatfs:
		return q.statfs(b)
	case fuse.OpGetxattr, fuse.OpListxattr, fuse.OpSetxattr, fuse.OpRemovexattr:
		return q.xattr(b)
	case fuse.OpAccess:
		return b, unix.Faccessat(unix.AT_FDCWD, q.node.path(), q.U32()&7, 0)
	case fuse.OpSyncfs:
		return b, nil
	}
	return b, unix.ENOSYS
}

// named reads a name and does something with it.
func (q *request) named(do func(name string) error) error {
	name := q.Text()
	if q.Short() {
		return unix.EINVAL
	}
	if err := checkName(name); err != nil {
		return err
	}
	return do(name)
}

// found opens an entry of the directory and tells the guest of it.
func (q *request) found(b []byte, name string) ([]byte, error) {
	fd, err := unix.Openat(q.node.fd, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return b, err
	}
	return q.entry(b, q.node.volume, fd, 0)
}

func (q *request) lookup(b []byte) ([]byte, error) {
	err := q.named(func(name string) (err error) {
		b, err = q.found(b, name)
		return err
	})
	return b, err
}

func (q *request) getattr(b []byte) ([]byte, error) {
	var st unix.Stat_t
	if err := unix.Fstat(q.node.fd, &st); err != nil {
		return b, err
	}
	q.table.attributes(q.node, &st)
	return fuse.AppendAttr(u32s(u64s(b, 0), q.node.volume.attributesValid(), 0), &st), nil
}

func (q *request) setattr(b []byte) ([]byte, error) {
	valid := q.U32()
	q.U32()
	handle, size := q.U64(), q.U64()
	q.Skip(8)
	atime, mtime := q.U64(), q.U64()
	q.Skip(8)
	atimeNanos, mtimeNanos := q.U32(), q.U32()
	q.Skip(4)
	mode := q.U32()
	q.Skip(4)
	uid, gid := q.U32(), q.U32()
	if q.Short() {
		return b, unix.EINVAL
	}
	if valid&fuse.SetMode != 0 {
		if q.node.is(unix.S_IFLNK) {
			return b, unix.EOPNOTSUPP
		}
		if err := unix.Fchmodat(unix.AT_FDCWD, q.node.path(), modeOf(mode, q.node.is(unix.S_IFDIR)), 0); err != nil {
			return b, err
		}
	}
	if valid&(fuse.SetUID|fuse.SetGID) != 0 {
		if err := q.chown(valid, uid, gid); err != nil {
			return b, err
		}
	}
	if valid&fuse.SetSize != 0 {
		if err := q.truncate(valid&fuse.SetFH != 0, handle, size); err != nil {
			return b, err
		}
	}
	if valid&(fuse.SetAtime|fuse.SetMtime) != 0 {
		times := []unix.Timespec{
			timeOf(valid, fuse.SetAtime, fuse.SetAtimeNow, atime, atimeNanos),
			timeOf(valid, fuse.SetMtime, fuse.SetMtimeNow, mtime, mtimeNanos),
		}
		if err := unix.UtimesNanoAt(q.node.fd, "", times, unix.AT_EMPTY_PATH); err != nil {
			return b, err
		}
	}
	return q.getattr(b)
}

func timeOf(valid, set, now uint32, seconds uint64, nanos uint32) unix.Timespec {
	switch {
	case valid&set == 0:
		return unix.Timespec{Nsec: unix.UTIME_OMIT}
	case valid&now != 0:
		return unix.Timespec{Nsec: unix.UTIME_NOW}
	}
	return unix.Timespec{Sec: int64(seconds), Nsec: int64(nanos)}
}

func (q *request) chown(valid, uid, gid uint32) error {
	owner := q.ids()
	hostUID, hostGID := owner.toHost(uid, gid)
	u, g := -1, -1
	if valid&fuse.SetUID != 0 {
		u = int(hostUID)
	}
	if valid&fuse.SetGID != 0 {
		g = int(hostGID)
	}
	return unix.Fchownat(q.node.fd, "", u, g, unix.AT_EMPTY_PATH)
}

func (q *request) ids() ids {
	q.table.mu.Lock()
	defer q.table.mu.Unlock()
	return q.node.volume.ids
}

func (q *request) truncate(opened bool, id, size uint64) error {
	if !q.node.is(unix.S_IFREG) {
		return unix.EINVAL
	}
	if err := dropPrivilege(q.node.volume, q.node.fd); err != nil {
		return err
	}
	if opened {
		h, err := q.table.useHandle(id)
		if err != nil {
			return err
		}
		defer q.table.doneHandle(h)
		if h.node != q.node {
			return unix.EBADF
		}
		return unix.Ftruncate(h.fd, int64(size))
	}
	return unix.Truncate(q.node.path(), int64(size))
}

func (q *request) readlink(b []byte) ([]byte, error) {
	target := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(q.node.fd, "", target)
	if err != nil {
		return b, err
	}
	return append(b, target[:n]...), nil
}

// create makes an entry of the directory.
func (q *request) create(b []byte) ([]byte, error) {
	dir := q.node.fd
	switch q.Opcode {
	case fuse.OpMkdir:
		mode := q.U32()
		q.U32()
		return q.made(b, func(name string) error { return unix.Mkdirat(dir, name, modeOf(mode, true)) })
	case fuse.OpMknod:
		mode := q.U32()
		q.Skip(12)
		switch mode & unix.S_IFMT {
		case unix.S_IFREG, unix.S_IFIFO, unix.S_IFSOCK:
			return q.made(b, func(name string) error {
				return unix.Mknodat(dir, name, mode&unix.S_IFMT|modeOf(mode, false), 0)
			})
		}
		return b, unix.EPERM
	case fuse.OpSymlink:
		name, target := q.Text(), q.Text()
		if q.Short() || checkName(name) != nil || target == "" {
			return b, unix.EINVAL
		}
		if err := unix.Symlinkat(target, dir, name); err != nil {
			return b, err
		}
		return q.owned(b, name)
	case fuse.OpLink:
		return q.link(b)
	}
	return q.createFile(b)
}

// createFile makes a file and opens it; or opens it, when somebody on the host was faster.
func (q *request) createFile(b []byte) ([]byte, error) {
	flags := int(q.U32())
	mode := q.U32()
	q.Skip(8)
	err := q.named(func(name string) error {
		const safe = unix.O_NOFOLLOW | unix.O_CLOEXEC
		fd, err := unix.Openat(q.node.fd, name, flags&openFlags|unix.O_CREAT|unix.O_EXCL|safe, modeOf(mode, false))
		if err == unix.EEXIST && flags&unix.O_EXCL == 0 {
			fd, err = q.openExisting(name, flags)
		} else if err == nil {
			if err := q.give(fd, ""); err != nil {
				unix.Unlinkat(q.node.fd, name, 0)
				unix.Close(fd)
				return err
			}
		}
		if err != nil {
			return err
		}
		b, err = q.opened(b, fd)
		return err
	})
	return b, err
}

// openExisting opens a regular file of the directory; opening another kind would do something.
func (q *request) openExisting(name string, flags int) (int, error) {
	fd, err := unix.Openat(q.node.fd, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return -1, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return -1, unix.EEXIST
	}
	return q.reopen(fd, flags&openFlags)
}

// reopen opens a file that is open by O_PATH.
func (q *request) reopen(path, flags int) (int, error) {
	if flags&unix.O_TRUNC != 0 {
		if err := dropPrivilege(q.node.volume, path); err != nil {
			return -1, err
		}
	}
	return unix.Open(pathOf(path), flags|unix.O_CLOEXEC, 0)
}

// opened takes over a file that has been opened, and tells the guest of it.
func (q *request) opened(b []byte, fd int) ([]byte, error) {
	path, err := unix.Open(pathOf(fd), unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		unix.Close(fd)
		return b, err
	}
	node, handle, st, err := q.table.rememberOpen(q.node.volume, path, fd)
	if err != nil {
		return b, err
	}
	b = fuse.AppendAttr(u32s(u64s(b, node, 0, 0, 0), 0, moment), st)
	return u32s(u64s(b, handle), 0, 0), nil
}

// made makes something and tells the guest of it.
func (q *request) made(b []byte, create func(name string) error) ([]byte, error) {
	err := q.named(func(name string) (err error) {
		if err = create(name); err == nil {
			b, err = q.owned(b, name)
		}
		return err
	})
	return b, err
}

func (q *request) owned(b []byte, name string) ([]byte, error) {
	if err := q.give(q.node.fd, name); err != nil {
		return b, err
	}
	return q.found(b, name)
}

// give makes what the guest's user has made that user's, where the host allows it. A directory may
// say that its entries have its group.
func (q *request) give(dir int, name string) error {
	owner := q.ids()
	if !owner.privileged {
		return nil
	}
	uid, gid := owner.toHost(q.UID, q.GID)
	group := int(gid)
	var st unix.Stat_t
	if err := unix.Fstat(q.node.fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_ISGID != 0 {
		group = -1
	}
	return unix.Fchownat(dir, name, int(uid), group, unix.AT_SYMLINK_NOFOLLOW|unix.AT_EMPTY_PATH)
}

// sameVolume finds another node of the request, which must be of a volume that may be changed too.
func (q *request) sameVolume(id uint64) (*node, error) {
	n, err := q.table.use(id)
	if err != nil {
		return nil, err
	}
	if n.volume != q.node.volume {
		q.table.done(n)
		return nil, unix.EXDEV
	}
	return n, nil
}

func (q *request) link(b []byte) ([]byte, error) {
	old, err := q.sameVolume(q.U64())
	if err != nil {
		return b, err
	}
	defer q.table.done(old)
	err = q.named(func(name string) (err error) {
		// By the descriptor's own link: linking an open file would need a privilege.
		if old.is(unix.S_IFLNK) {
			return unix.EPERM
		}
		if err = unix.Linkat(unix.AT_FDCWD, old.path(), q.node.fd, name, unix.AT_SYMLINK_FOLLOW); err == nil {
			b, err = q.found(b, name)
		}
		return err
	})
	return b, err
}

func (q *request) rename() error {
	id := q.U64()
	var flags uint32
	if q.Opcode == fuse.OpRename2 {
		flags = q.U32()
		q.U32()
	}
	if flags&^(unix.RENAME_NOREPLACE|unix.RENAME_EXCHANGE) != 0 {
		return unix.EINVAL // a whiteout is a device
	}
	to, err := q.sameVolume(id)
	if err != nil {
		return err
	}
	defer q.table.done(to)
	return q.named(func(name string) error {
		target := q.Text()
		if q.Short() {
			return unix.EINVAL
		}
		if err := checkName(target); err != nil {
			return err
		}
		return unix.Renameat2(q.node.fd, name, to.fd, target, uint(flags))
	})
}

func (q *request) open(b []byte) ([]byte, error) {
	flags := int(q.U32())
	q.U32()
	if q.Short() {
		return b, unix.EINVAL
	}
	if q.Opcode == fuse.OpOpendir {
		flags = unix.O_RDONLY | unix.O_DIRECTORY
	} else if !q.node.is(unix.S_IFREG) {
		return b, unix.EPERM // opening a device or a pipe does something
	}
	if q.node.volume.readOnly && flags&(unix.O_ACCMODE|unix.O_TRUNC) != 0 {
		return b, unix.EROFS
	}
	fd, err := q.reopen(q.node.fd, flags&(openFlags|unix.O_DIRECTORY))
	if err != nil {
		return b, err
	}
	id, err := q.table.open(q.node, fd)
	if err != nil {
		return b, err
	}
	return u32s(u64s(b, id), 0, 0), nil
}

func (q *request) statfs(b []byte) ([]byte, error) {
	var st unix.Statfs_t
	if err := unix.Fstatfs(q.node.fd, &st); err != nil {
		return b, err
	}
	b = u64s(b, st.Blocks, st.Bfree, st.Bavail, st.Files, st.Ffree)
	b = u32s(b, uint32(st.Bsize), uint32(st.Namelen), uint32(st.Frsize), 0)
	return append(b, make([]byte, 6*4)...), nil
}
