package trust

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/inroot"
)

const maxMatches = 64

// file is a regular file of a root, found through whatever links lead to it.
type file struct {
	dir  int // O_PATH
	name string
	stat unix.Stat_t
}

// resolve finds a file, which must be a regular one. The root is nobody else's meanwhile: a name that the
// kernel tells has no link in it.
func resolve(root inroot.Root, p string) (*file, error) {
	fd, err := root.Open(p, unix.O_PATH, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	f := &file{}
	if err := unix.Fstat(fd, &f.stat); err != nil {
		return nil, err
	}
	if f.stat.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, fmt.Errorf("not a regular file")
	}
	top, err := nameOf(int(root))
	if err != nil {
		return nil, err
	}
	name, err := nameOf(fd)
	if err != nil {
		return nil, err
	}
	inside, ok := strings.CutPrefix(name, strings.TrimSuffix(top, "/")+"/")
	if !ok {
		return nil, fmt.Errorf("outside of its root")
	}
	f.name = path.Base(inside)
	if f.dir, err = root.Open(path.Dir("/"+inside), unix.O_PATH|unix.O_DIRECTORY, 0); err != nil {
		return nil, err
	}
	var again unix.Stat_t
	if err := unix.Fstatat(f.dir, f.name, &again, unix.AT_SYMLINK_NOFOLLOW); err != nil || again.Ino != f.stat.Ino || again.Dev != f.stat.Dev {
		f.close()
		return nil, fmt.Errorf("has another name: %v", err)
	}
	return f, nil
}

func nameOf(fd int) (string, error) { return os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd)) }

func (f *file) close() { unix.Close(f.dir) }

// change replaces what the file has, wholly or not at all, unless that stays the same; and closes it.
func (f *file) change(change func(old []byte) ([]byte, error)) error {
	defer f.close()
	fd, err := unix.Openat(f.dir, f.name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	in := os.NewFile(uintptr(fd), f.name)
	old, err := readAll(in)
	in.Close()
	if err != nil {
		return err
	}
	content, err := change(old)
	if err != nil || bytes.Equal(content, old) {
		return err
	}
	return replace(f.dir, f.name, content, &f.stat)
}

// replace writes a file beside the one of that name and puts it into its place.
func replace(dir int, name string, content []byte, like *unix.Stat_t) error {
	const temporary = ".boxlite-trust"
	if err := unix.Unlinkat(dir, temporary, 0); err != nil && err != unix.ENOENT {
		return err
	}
	fd, err := unix.Openat(dir, temporary, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	out := os.NewFile(uintptr(fd), temporary)
	_, err = out.Write(content)
	if err == nil {
		err = unix.Fchown(fd, int(like.Uid), int(like.Gid))
	}
	if err == nil {
		err = unix.Fchmod(fd, like.Mode&0o7777)
	}
	if closing := out.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = unix.Renameat(dir, temporary, dir, name)
	}
	if err != nil {
		unix.Unlinkat(dir, temporary, 0)
	}
	return err
}

// create makes a file of that content, or gives it that content; its directory is made when missing.
func create(root inroot.Root, p string, content []byte) error {
	if found, err := resolve(root, p); err == nil {
		return found.change(func([]byte) ([]byte, error) { return content, nil })
	}
	dir, err := root.MakeDir(path.Dir(p), 0o755)
	if err == nil {
		err = replace(dir, path.Base(p), content, &unix.Stat_t{Mode: 0o644})
		unix.Close(dir)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p, err)
	}
	return nil
}

// unlinkMarked removes a file that begins with begin.
func unlinkMarked(root inroot.Root, p string) error {
	found, err := resolve(root, p)
	if err != nil {
		return nil // not ours
	}
	defer found.close()
	in, err := root.Readable(p)
	if err != nil {
		return err
	}
	defer in.Close()
	head := make([]byte, len(begin))
	if _, err := io.ReadFull(in, head); err != nil || string(head) != begin {
		return nil
	}
	return unix.Unlinkat(found.dir, found.name, 0)
}

// expand returns the paths that a pattern with at most one star, for a whole name, means.
func expand(root inroot.Root, pattern string) []string {
	before, after, found := strings.Cut(pattern, "/*/")
	if !found {
		return []string{pattern}
	}
	fd, err := root.Open(before, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil
	}
	dir := os.NewFile(uintptr(fd), before)
	defer dir.Close()
	names, _ := dir.Readdirnames(maxMatches)
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = before + "/" + name + "/" + after
	}
	return paths
}
