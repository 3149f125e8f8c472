// Package changes writes what a box has changed as the tar of an OCI layer.
package changes

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	whiteout = ".wh."         // and the name of what is gone
	opaque   = ".wh..wh..opq" // nothing of the layers below is left in this directory

	overlayXattrs = "trusted.overlay."
	opaqueXattr   = overlayXattrs + "opaque"
	paxXattr      = "SCHILY.xattr."

	maxDepth      = 1024 // of directories, of which each takes a descriptor
	maxLinkMemory = 16 << 20
	linkMemory    = 128 // for a name that is remembered, beside the name
	maxXattrs     = 64 << 10
	nameBatch     = 256
)

// ErrNotRepresentable is why a tar of a layer cannot hold a file.
var ErrNotRepresentable = errors.New("cannot be part of an image")

// Write writes the upper directory of an overlayfs that nobody changes meanwhile. Paths for which omit
// is true (relative, without a slash at either end) are left out with all below them.
//
// The content of the directory is hostile: it is walked by descriptors, no link is ever followed, and
// nothing but regular files is opened.
func Write(ctx context.Context, out io.Writer, upper string, omit func(path string, st *unix.Stat_t) bool) error {
	fd, err := unix.Open(upper, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: upper, Err: err}
	}
	dir := os.NewFile(uintptr(fd), upper)
	defer dir.Close()
	w := &writer{ctx: ctx, tar: tar.NewWriter(out), omit: omit, links: map[uint64]link{}}
	if err := w.entries(dir, "", 0); err != nil {
		return err
	}
	return w.tar.Close()
}

type writer struct {
	ctx    context.Context
	tar    *tar.Writer
	omit   func(path string, st *unix.Stat_t) bool
	links  map[uint64]link // of files with several names, by inode: all are on one file system
	memory int             // that links take
}

// link is the first name of a file of which others are to come.
type link struct {
	path string
	left uint64
}

// entries writes all that is in a directory.
func (w *writer) entries(dir *os.File, path string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%.200q: %w: it is nested deeper than %d", path, ErrNotRepresentable, maxDepth)
	}
	for {
		names, err := dir.Readdirnames(nameBatch)
		for _, name := range names {
			if err := w.entry(int(dir.Fd()), name, path+name, depth); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// entry writes what has that name in the directory dir, and that path in the tar.
func (w *writer) entry(dir int, name, path string, depth int) error {
	if err := w.ctx.Err(); err != nil {
		return context.Cause(w.ctx)
	}
	var st unix.Stat_t
	if err := unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return &os.PathError{Op: "stat", Path: path, Err: err}
	}
	kind := st.Mode & unix.S_IFMT
	switch {
	case w.omit(path, &st), kind == unix.S_IFSOCK:
		return nil
	case kind == unix.S_IFCHR && st.Rdev == 0:
		return w.mark(path[:len(path)-len(name)] + whiteout + name)
	case strings.HasPrefix(name, whiteout):
		return fmt.Errorf("%.200q: %w: in a layer its name says that another file was removed", path, ErrNotRepresentable)
	}
	h := header(path, &st)
	isOpaque, err := w.attributes(h, dir, name)
	if err != nil {
		return fmt.Errorf("%.200q: %w", path, err)
	}
	switch kind {
	case unix.S_IFDIR:
		return w.directory(h, dir, name, isOpaque, depth)
	case unix.S_IFLNK:
		h.Typeflag = tar.TypeSymlink
		if h.Linkname, err = readlink(dir, name); err != nil {
			return &os.PathError{Op: "readlink", Path: path, Err: err}
		}
	case unix.S_IFCHR, unix.S_IFBLK:
		h.Typeflag = tar.TypeChar
		if kind == unix.S_IFBLK {
			h.Typeflag = tar.TypeBlock
		}
		h.Devmajor, h.Devminor = int64(unix.Major(st.Rdev)), int64(unix.Minor(st.Rdev))
	case unix.S_IFIFO:
		h.Typeflag = tar.TypeFifo
	}
	if first, known := w.linked(&st, path); known {
		h.Typeflag, h.Linkname, h.PAXRecords = tar.TypeLink, first, nil
		return w.tar.WriteHeader(h)
	}
	if err := w.remember(&st, path); err != nil {
		return err
	}
	if kind == unix.S_IFREG {
		return w.file(h, dir, name, &st)
	}
	return w.tar.WriteHeader(h)
}

func header(path string, st *unix.Stat_t) *tar.Header {
	return &tar.Header{
		Typeflag: tar.TypeReg, Name: path, Mode: int64(st.Mode & 0o7777), Uid: int(st.Uid), Gid: int(st.Gid),
		ModTime: time.Unix(st.Mtim.Sec, st.Mtim.Nsec),
		Format:  tar.FormatPAX, // which has all of the time
	}
}

// mark writes an entry that only has a name.
func (w *writer) mark(path string) error {
	return w.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: path, ModTime: time.Unix(0, 0), Format: tar.FormatPAX})
}

func (w *writer) directory(h *tar.Header, dir int, name string, isOpaque bool, depth int) error {
	h.Typeflag = tar.TypeDir
	h.Name += "/"
	if err := w.tar.WriteHeader(h); err != nil {
		return err
	}
	if isOpaque {
		if err := w.mark(h.Name + opaque); err != nil {
			return err
		}
	}
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: h.Name, Err: err}
	}
	f := os.NewFile(uintptr(fd), h.Name)
	defer f.Close()
	return w.entries(f, h.Name, depth+1)
}

func (w *writer) file(h *tar.Header, dir int, name string, st *unix.Stat_t) error {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: h.Name, Err: err}
	}
	f := os.NewFile(uintptr(fd), h.Name)
	defer f.Close()
	h.Size = st.Size
	if err := w.tar.WriteHeader(h); err != nil {
		return err
	}
	_, err = io.CopyN(w.tar, onlyReader{f}, st.Size)
	return err
}

// onlyReader hides that a file could copy itself: it would look for another kind of writer first.
type onlyReader struct{ io.Reader }

// linked says whether an earlier entry is the same file.
func (w *writer) linked(st *unix.Stat_t, path string) (string, bool) {
	l, known := w.links[st.Ino]
	if !known {
		return "", false
	}
	if l.left--; l.left == 0 {
		delete(w.links, st.Ino)
		w.memory -= len(l.path) + linkMemory
	} else {
		w.links[st.Ino] = l
	}
	return l.path, true
}

// remember keeps the name of a file that has others, which may be elsewhere: in overlayfs's own
// directory, or left out.
func (w *writer) remember(st *unix.Stat_t, path string) error {
	if st.Nlink < 2 {
		return nil
	}
	if w.memory += len(path) + linkMemory; w.memory > maxLinkMemory {
		return fmt.Errorf("%.200q: %w: too many files have several names", path, ErrNotRepresentable)
	}
	w.links[st.Ino] = link{path, uint64(st.Nlink) - 1}
	return nil
}

// attributes adds the extended attributes of a file, and says whether overlayfs marked it opaque.
func (w *writer) attributes(h *tar.Header, dir int, name string) (isOpaque bool, err error) {
	// The name is the last of the path: the kernel does not follow it if it is a link.
	path := fmt.Sprintf("/proc/self/fd/%d/%s", dir, name)
	names, err := grown(func(b []byte) (int, error) { return unix.Llistxattr(path, b) })
	if err == unix.ENOTSUP || len(names) == 0 && err == nil {
		return false, nil
	}
	if err != nil {
		return false, os.NewSyscallError("listxattr", err)
	}
	for key := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		if strings.HasPrefix(key, overlayXattrs) && key != opaqueXattr {
			continue
		}
		if strings.Contains(key, "=") { // which ends the key of a record
			return false, fmt.Errorf("attribute %.200q: %w", key, ErrNotRepresentable)
		}
		value, err := grown(func(b []byte) (int, error) { return unix.Lgetxattr(path, key, b) })
		if err != nil {
			return false, os.NewSyscallError("getxattr", err)
		}
		if key == opaqueXattr {
			isOpaque = string(value) == "y"
			continue
		}
		if h.PAXRecords == nil {
			h.PAXRecords = map[string]string{}
		}
		h.PAXRecords[paxXattr+key] = string(value)
	}
	return isOpaque, nil
}

// grown calls get with a buffer that is large enough.
func grown(get func([]byte) (int, error)) ([]byte, error) {
	small := make([]byte, 1024)
	n, err := get(small)
	if err == unix.ERANGE {
		small = make([]byte, maxXattrs) // the kernel has no more
		n, err = get(small)
	}
	if err != nil {
		return nil, err
	}
	return small[:n], nil
}

func readlink(dir int, name string) (string, error) {
	b := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(dir, name, b)
	if err != nil {
		return "", err
	}
	return string(b[:n]), nil
}
