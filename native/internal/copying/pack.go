package copying

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"

	"boxlite.io/native/internal/fault"
	"boxlite.io/native/internal/inroot"
)

const (
	maxDepth  = 1024 // of directories, of which each takes a descriptor
	maxLinks  = 200_000
	nameBatch = 256
)

// PackOptions says what is packed.
type PackOptions struct {
	Path                                     string
	Recursive, FollowSymlinks, IncludeParent bool
}

// Pack writes a file or directory of root as a tar. Others may change it meanwhile: what vanishes is
// left out with a warning, and a file has the size that it had at first.
func Pack(ctx context.Context, out io.Writer, root inroot.Root, o PackOptions) error {
	p, inside, err := boxPath(o.Path)
	if err != nil {
		return err
	}
	flags := unix.O_PATH
	if !o.FollowSymlinks && !inside {
		flags |= unix.O_NOFOLLOW
	}
	fd, err := root.Open(p, flags, 0)
	if err == unix.ENOENT || err == unix.ENOTDIR {
		return fault.New(codes.NotFound, "path_not_found", "%.500q: no such file or directory in the box", p)
	}
	if err != nil {
		return failed(p, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return failed(p, err)
	}
	k := &packer{ctx: ctx, tar: tar.NewWriter(out), root: root, follow: o.FollowSymlinks, links: map[inode]string{}}
	isDir := st.Mode&unix.S_IFMT == unix.S_IFDIR
	switch what := special(st.Mode); {
	case what != "":
		return fault.Invalid("%.500q: %s cannot be copied", p, what)
	case isDir && !o.Recursive:
		return fault.Invalid("%.500q is a directory: copy it with recursive", p)
	case inside && !isDir:
		return fault.New(codes.NotFound, "path_not_found", "%.500q: not a directory", o.Path)
	case isDir && (!o.IncludeParent || path.Base(o.Path) == "." || p == "/"):
		// Also tells a directory with one file from that file.
		if err = k.tar.WriteHeader(header(&st, tar.TypeDir, "./")); err == nil {
			err = k.children(fd, &st, "", p)
		}
	default:
		err = k.entry(fd, &st, path.Base(p), p)
	}
	if err != nil {
		return failed(p, err)
	}
	return k.tar.Close()
}

type inode struct{ dev, ino uint64 }

type packer struct {
	ctx      context.Context
	tar      *tar.Writer
	root     inroot.Root
	follow   bool
	links    map[inode]string // first name of files of which others are to come
	above    []inode          // directories under way
	warnings int

	buffer [maxChunk]byte // of files' contents
}

// warn tells of something that is left out, by a header that readers ignore.
func (k *packer) warn(format string, args ...any) error {
	k.warnings++
	text := fmt.Sprintf(format, args...)
	switch {
	case k.warnings == maxWarnings:
		text = "more was skipped"
	case k.warnings > maxWarnings:
		return nil
	}
	return k.tar.WriteHeader(&tar.Header{
		Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "boxlite: " + text},
	})
}

func header(st *unix.Stat_t, kind byte, name string) *tar.Header {
	return &tar.Header{
		Typeflag: kind, Name: name, Mode: int64(st.Mode & 0o7777), Uid: int(st.Uid), Gid: int(st.Gid),
		ModTime: time.Unix(st.Mtim.Sec, st.Mtim.Nsec), Format: tar.FormatPAX,
	}
}

// entry writes what fd, an O_PATH descriptor, is; name is its name in the tar, at its path.
func (k *packer) entry(fd int, st *unix.Stat_t, name, at string) error {
	if k.ctx.Err() != nil {
		return context.Cause(k.ctx)
	}
	if what := special(st.Mode); what != "" {
		return k.warn("%.500q was skipped: it is %s", at, what)
	}
	h := header(st, tar.TypeReg, name)
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		h.Typeflag = tar.TypeDir
		h.Name += "/"
		if err := k.tar.WriteHeader(h); err != nil {
			return err
		}
		return k.children(fd, st, h.Name, at)
	case unix.S_IFLNK:
		b := make([]byte, unix.PathMax)
		n, err := unix.Readlinkat(fd, "", b)
		if err != nil {
			return failed(at, err)
		}
		h.Typeflag, h.Linkname = tar.TypeSymlink, string(b[:n])
		return k.tar.WriteHeader(h)
	}
	id := inode{uint64(st.Dev), st.Ino}
	if st.Nlink > 1 {
		if first, known := k.links[id]; known {
			h.Typeflag, h.Linkname = tar.TypeLink, first
			return k.tar.WriteHeader(h)
		}
	}
	err := k.file(fd, st, h, at)
	if err == nil && st.Nlink > 1 && len(k.links) < maxLinks { // beyond that, a copy of its own
		k.links[id] = name
	}
	return err
}

// reopen makes a descriptor to read from of an O_PATH one.
func reopen(fd, flags int) (int, error) {
	p := "/proc/self/fd/" + strconv.Itoa(fd)
	return unix.Open(p, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC|flags, 0)
}

// read is pread(2) of a regular file.
func read(fd int, b []byte, at int64) (int, error) {
	for {
		n, err := unix.Pread(fd, b, at)
		if err != unix.EINTR {
			return n, err
		}
	}
}

func (k *packer) file(fd int, st *unix.Stat_t, h *tar.Header, at string) error {
	f, err := reopen(fd, 0)
	if err != nil {
		return k.warn("%.500q was skipped: %v", at, err)
	}
	defer unix.Close(f)
	h.Size = st.Size
	if err := k.tar.WriteHeader(h); err != nil {
		return err
	}
	sparse := st.Blocks*512 < st.Size
	for done := int64(0); done < st.Size; {
		if k.ctx.Err() != nil {
			return context.Cause(k.ctx)
		}
		limit := st.Size
		if sparse {
			data, err := unix.Seek(f, done, unix.SEEK_DATA)
			if err == unix.ENXIO || err == nil && data > st.Size {
				data = st.Size
			} else if err != nil {
				sparse, data = false, done
			}
			if err := k.zeros(data - done); err != nil {
				return err
			}
			done = data
			if hole, err := unix.Seek(f, done, unix.SEEK_HOLE); err == nil {
				limit = min(limit, hole)
			}
		}
		for done < limit {
			n, err := read(f, k.buffer[:min(maxChunk, limit-done)], done)
			if err != nil {
				return failed(at, err)
			}
			if n == 0 { // it has become shorter
				return k.zeros(st.Size - done)
			}
			if _, err := k.tar.Write(k.buffer[:n]); err != nil {
				return err
			}
			done += int64(n)
		}
	}
	return nil
}

func (k *packer) zeros(count int64) error {
	for count > 0 {
		n, err := k.tar.Write(zeros[:min(count, int64(len(zeros)))])
		if err != nil {
			return err
		}
		count -= int64(n)
	}
	return nil
}

// children writes all that is in a directory; prefix is its name in the tar with a slash, or nothing.
func (k *packer) children(fd int, st *unix.Stat_t, prefix, at string) error {
	id := inode{uint64(st.Dev), st.Ino}
	for _, above := range k.above {
		if above == id {
			return k.warn("%.500q was skipped: it is a link to a directory above it", at)
		}
	}
	if len(k.above) > maxDepth {
		return k.warn("%.500q was skipped: it is nested deeper than %d", at, maxDepth)
	}
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err == nil && len(k.above) > 0 {
		switch fs.Type {
		case unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.CGROUP2_SUPER_MAGIC:
			return k.warn("%.500q was skipped: it is a file system of the kernel", at)
		}
	}
	opened, err := reopen(fd, unix.O_DIRECTORY)
	if err != nil {
		return k.warn("%.500q was skipped: %v", at, err)
	}
	dir := os.NewFile(uintptr(opened), at)
	defer dir.Close()
	k.above = append(k.above, id)
	defer func() { k.above = k.above[:len(k.above)-1] }()
	for {
		names, err := dir.Readdirnames(nameBatch)
		for _, name := range names {
			if err := k.child(int(dir.Fd()), name, prefix+name, path.Join(at, name)); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return failed(at, err)
		}
	}
}

func (k *packer) child(dir int, name, inTar, at string) error {
	fd, err := unix.Openat(dir, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	var st unix.Stat_t
	if err == nil {
		defer func() { unix.Close(fd) }()
		err = unix.Fstat(fd, &st)
	}
	if err == nil && k.follow && st.Mode&unix.S_IFMT == unix.S_IFLNK {
		target, missing := k.root.Open(at, unix.O_PATH, 0)
		if missing == nil {
			unix.Close(fd)
			fd = target
			err = unix.Fstat(fd, &st)
		} // one that leads nowhere is sent as what it is
	}
	if err == unix.ENOENT {
		return k.warn("%.500q has vanished", at)
	}
	if err != nil {
		return failed(at, err)
	}
	return k.entry(fd, &st, inTar, at)
}
