// Package inroot resolves paths inside a root file system whose content is hostile.
package inroot

import (
	"fmt"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// Root is an open root file system of a box, whose content is hostile: a path in it is only ever
// resolved by the kernel with that directory as its root, so that no link leads out of it.
type Root int

// At opens the root file system at dir.
func At(dir string) (Root, error) {
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	return Root(fd), err
}

// Open is open(2) within the root.
func (r Root) Open(p string, flags int, mode uint32) (int, error) {
	how := unix.OpenHow{
		Flags: uint64(flags | unix.O_CLOEXEC), Mode: uint64(mode),
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	}
	for {
		fd, err := unix.Openat2(int(r), p, &how)
		if err != unix.EINTR && err != unix.EAGAIN {
			return fd, err
		}
	}
}

// MakeDir returns an O_PATH descriptor of a directory, which is made, with its parents, if missing.
func (r Root) MakeDir(p string, mode uint32) (int, error) {
	p = path.Clean("/" + p)
	for links := 0; ; {
		fd, err := r.Open(p, unix.O_PATH|unix.O_DIRECTORY, 0)
		if err != unix.ENOENT || p == "/" {
			return fd, err
		}
		parent, err := r.MakeDir(path.Dir(p), mode)
		if err != nil {
			return -1, err
		}
		err = unix.Mkdirat(parent, path.Base(p), mode)
		target, linked := readlinkat(parent, path.Base(p))
		unix.Close(parent)
		switch {
		case err == unix.EEXIST && linked && links < 40: // a link to what does not exist
			links++
			p = follow(p, target)
		case err != nil && err != unix.EEXIST:
			return -1, err
		case err == unix.EEXIST && links >= 40:
			return -1, unix.ELOOP
		case err == unix.EEXIST:
			links++
		}
	}
}

// MakeFile returns an O_PATH descriptor of a file, which is made, with its parents, if missing.
func (r Root) MakeFile(p string) (int, error) {
	p = path.Clean("/" + p)
	for range 40 {
		fd, err := r.Open(p, unix.O_PATH, 0)
		if err != unix.ENOENT {
			return fd, err
		}
		parent, err := r.MakeDir(path.Dir(p), 0o755)
		if err != nil {
			return -1, err
		}
		target, linked := readlinkat(parent, path.Base(p))
		if linked {
			unix.Close(parent)
			p = follow(p, target)
			continue
		}
		fd, err = unix.Openat(parent, path.Base(p), unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_WRONLY|unix.O_CLOEXEC, 0o644)
		unix.Close(parent)
		if err != nil {
			return -1, err
		}
		unix.Close(fd)
	}
	return -1, unix.ELOOP
}

func readlinkat(dir int, name string) (string, bool) {
	b := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(dir, name, b)
	if err != nil || n <= 0 {
		return "", false
	}
	return string(b[:n]), true
}

// follow returns where a link at p leads. A ".." after another link is taken lexically: the result
// may be another file than Linux would find, but never one outside.
func follow(p, target string) string {
	if strings.HasPrefix(target, "/") {
		return path.Clean(target)
	}
	return path.Join(path.Dir(p), target)
}

// Readable opens a regular file; nothing else could be read without a risk of waiting.
func (r Root) Readable(p string) (*os.File, error) {
	fd, err := r.Open(p, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		unix.Close(fd)
		return nil, fmt.Errorf("%s: not a regular file", p)
	}
	return os.NewFile(uintptr(fd), p), nil
}
