package volumes

import (
	"encoding/binary"
	"strings"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/fuse"
)

// withHandle answers what goes by an open file.
func (s *Server) withHandle(h fuse.Header, r *fuse.Reader, b []byte) ([]byte, error) {
	f, err := s.table.useHandle(r.U64())
	if err != nil {
		return b, err
	}
	defer s.table.doneHandle(f)
	if h.Opcode == fuse.OpWrite || h.Opcode == fuse.OpFallocate {
		if err := f.change(); err != nil {
			return b, err
		}
	}
	switch h.Opcode {
	case fuse.OpRead:
		offset, size := r.U64(), r.U32()
		if r.Short() || size > fuse.MaxData {
			return b, unix.EINVAL
		}
		start := len(b)
		b = append(b, make([]byte, size)...)
		n, err := unix.Pread(f.fd, b[start:], int64(offset))
		return b[:start+max(n, 0)], err
	case fuse.OpWrite:
		n, err := write(f, r)
		return u32s(b, uint32(max(n, 0)), 0), err
	case fuse.OpReaddir:
		return s.readdir(f, r, b)
	case fuse.OpFsync, fuse.OpFsyncdir:
		if r.U32()&1 != 0 {
			return b, unix.Fdatasync(f.fd)
		}
		return b, unix.Fsync(f.fd)
	case fuse.OpFallocate:
		offset, length, mode := r.U64(), r.U64(), r.U32()
		return b, unix.Fallocate(f.fd, mode, int64(offset), int64(length))
	case fuse.OpLseek:
		offset, whence := r.U64(), r.U32()
		if whence != unix.SEEK_DATA && whence != unix.SEEK_HOLE {
			return b, unix.EINVAL
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		position, err := unix.Seek(f.fd, int64(offset), int(whence))
		return u64s(b, uint64(position)), err
	}
	return b, unix.ENOSYS
}

// change is to be called before the content of the file is changed.
func (h *handle) change() error {
	if h.node.volume.readOnly {
		return unix.EROFS
	}
	return dropPrivilege(h.node.volume, h.fd)
}

func write(f *handle, r *fuse.Reader) (int, error) {
	offset, size, flags := r.U64(), r.U32(), r.U32()
	r.Skip(16)
	data := r.Bytes(int(size))
	if r.Short() {
		return 0, unix.EINVAL
	}
	fd := f.fd
	if flags&fuse.WriteCache != 0 {
		// Pages of a mapping come by any file that is open for writing. One that appends would not
		// put them where they belong.
		mode, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		if err != nil {
			return 0, err
		}
		if mode&unix.O_ACCMODE == unix.O_RDONLY {
			return 0, unix.EBADF
		}
		if mode&unix.O_APPEND != 0 {
			if fd, err = unix.Open(pathOf(fd), unix.O_WRONLY|unix.O_CLOEXEC, 0); err != nil {
				return 0, err
			}
			defer unix.Close(fd)
		}
	}
	return unix.Pwrite(fd, data, int64(offset))
}

// dropPrivilege takes the set-user-ID bit from a regular file whose content is about to change, and the
// set-group-ID bit if it can be executed, as a kernel does. The host's does it only when this process is
// not privileged; whether the guest's user is does not count, as whoever runs it on the host would be.
func dropPrivilege(v *volume, fd int) error {
	if !v.ids.privileged {
		return nil
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	drop := st.Mode & unix.S_ISUID
	if st.Mode&unix.S_IXGRP != 0 {
		drop |= st.Mode & unix.S_ISGID
	}
	if drop == 0 || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil
	}
	return unix.Fchmodat(unix.AT_FDCWD, pathOf(fd), st.Mode&^drop&allModes, 0)
}

// copyRange copies between open files without a detour through the guest.
func (s *Server) copyRange(r *fuse.Reader, b []byte) ([]byte, error) {
	from, fromOffset := r.U64(), int64(r.U64())
	r.U64()
	to, toOffset, length := r.U64(), int64(r.U64()), r.U64()
	if r.Short() {
		return b, unix.EINVAL
	}
	in, err := s.table.useHandle(from)
	if err != nil {
		return b, err
	}
	defer s.table.doneHandle(in)
	out, err := s.table.useHandle(to)
	if err != nil {
		return b, err
	}
	defer s.table.doneHandle(out)
	if err := out.change(); err != nil {
		return b, err
	}
	n, err := unix.CopyFileRange(in.fd, &fromOffset, out.fd, &toOffset, int(min(length, 1<<30)), 0)
	return u32s(b, uint32(max(n, 0)), 0), err
}

// readdir answers with entries from an offset on, which the host's file system chose.
func (s *Server) readdir(f *handle, r *fuse.Reader, b []byte) ([]byte, error) {
	offset, size := r.U64(), int(r.U32())
	if r.Short() || size > fuse.MaxData || !f.node.is(unix.S_IFDIR) {
		return b, unix.EINVAL
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := unix.Seek(f.fd, int64(offset), unix.SEEK_SET); err != nil {
		return b, err
	}
	entries := make([]byte, min(size, 32<<10))
	n, err := unix.Getdents(f.fd, entries)
	if err != nil {
		return b, err
	}
	const fixed = 19 // of linux_dirent64: inode, offset, length, type
	end := len(b) + size
	for entries = entries[:n]; len(entries) >= fixed; {
		length := int(binary.LittleEndian.Uint16(entries[16:]))
		if length < fixed || length > len(entries) {
			return b, unix.EIO
		}
		name, _, _ := strings.Cut(string(entries[fixed:length]), "\x00")
		padded := (len(name) + 7) &^ 7
		if len(b)+24+padded > end {
			break
		}
		s.table.mu.Lock()
		inode := s.table.inode(f.node.file.device, binary.LittleEndian.Uint64(entries))
		s.table.mu.Unlock()
		b = u64s(b, inode, binary.LittleEndian.Uint64(entries[8:]))
		b = append(u32s(b, uint32(len(name)), uint32(entries[18])), name...)
		b = append(b, make([]byte, padded-len(name))...)
		entries = entries[length:]
	}
	return b, nil
}
