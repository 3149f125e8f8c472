// Command tree is put into images by tests. "tree list ROOT [EXCLUDED...]" prints all that can be
// seen of the files below ROOT, a line each; "tree xattr NAME VALUE FILE" sets an attribute;
// "tree many COUNT" writes a tar of a directory with that many small files.
package main

import (
	"archive/tar"
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

func main() {
	switch {
	case len(os.Args) >= 3 && os.Args[1] == "list":
		list(os.Args[2], os.Args[3:])
	case len(os.Args) == 5 && os.Args[1] == "xattr":
		value := strings.NewReplacer(`\0`, "\x00", `\1`, "\x01", `\2`, "\x02").Replace(os.Args[3])
		if err := syscall.Setxattr(os.Args[4], os.Args[2], []byte(value), 0); err != nil {
			fail(os.Args[4], err)
		}
	case len(os.Args) == 3 && os.Args[1] == "many":
		count, err := strconv.Atoi(os.Args[2])
		if err == nil {
			err = many(count)
		}
		if err != nil {
			fail("many", err)
		}
	default:
		fmt.Fprintln(os.Stderr,
			"usage: tree list ROOT [EXCLUDED...] | tree xattr NAME VALUE FILE | tree many COUNT")
		os.Exit(2)
	}
}

func fail(path string, err error) {
	fmt.Fprintf(os.Stderr, "tree: %q: %v\n", path, err)
	os.Exit(1)
}

func many(count int) error {
	buffered := bufio.NewWriterSize(os.Stdout, 1<<20)
	out := tar.NewWriter(buffered)
	directory := &tar.Header{
		Typeflag: tar.TypeDir, Name: "many/", Mode: 0o755, ModTime: time.Unix(1321009871, 0),
	}
	if err := out.WriteHeader(directory); err != nil {
		return err
	}
	for i := range count {
		content := strconv.Itoa(i)
		file := &tar.Header{
			Name: "many/small-" + content, Mode: 0o644, Uid: i % 1000, Size: int64(len(content)),
			ModTime: time.Unix(1321009871+int64(i), 0),
		}
		if err := out.WriteHeader(file); err != nil {
			return err
		}
		if _, err := io.WriteString(out, content); err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	return buffered.Flush()
}

type walker struct {
	out      *bufio.Writer
	root     string
	device   uint64
	excluded []string
	linked   map[uint64]string // first name of each inode that has several
	buffer   []byte
	line     []byte
}

func list(root string, excluded []string) {
	var stat syscall.Stat_t
	if err := syscall.Lstat(root, &stat); err != nil {
		fail(root, err)
	}
	w := &walker{
		out:      bufio.NewWriterSize(os.Stdout, 1<<16),
		root:     root,
		device:   stat.Dev,
		excluded: excluded,
		linked:   map[uint64]string{},
		buffer:   make([]byte, 1<<18),
	}
	w.walk("/", &stat)
	if err := w.out.Flush(); err != nil {
		fail("stdout", err)
	}
}

func (w *walker) walk(path string, stat *syscall.Stat_t) {
	w.print(path, stat)
	if stat.Mode&syscall.S_IFMT != syscall.S_IFDIR {
		return
	}
	entries, err := os.ReadDir(w.root + path) // sorted
	if err != nil {
		fail(path, err)
	}
	for _, entry := range entries {
		child := strings.TrimSuffix(path, "/") + "/" + entry.Name()
		var below syscall.Stat_t
		if err := syscall.Lstat(w.root+child, &below); err != nil {
			fail(child, err)
		}
		directory := below.Mode&syscall.S_IFMT == syscall.S_IFDIR
		if slices.Contains(w.excluded, child) || directory && below.Dev != w.device {
			continue // the box's own, or another file system
		}
		w.walk(child, &below)
	}
}

func (w *walker) print(path string, s *syscall.Stat_t) {
	line := strconv.AppendQuote(w.line[:0], path)
	line = strconv.AppendUint(append(line, " mode="...), uint64(s.Mode), 8)
	line = strconv.AppendUint(append(line, " owner="...), uint64(s.Uid), 10)
	line = strconv.AppendUint(append(line, ':'), uint64(s.Gid), 10)
	line = strconv.AppendInt(append(line, " mtime="...), s.Mtim.Sec, 10)
	line = strconv.AppendInt(append(line, '+'), s.Mtim.Nsec, 10)
	if s.Mode&syscall.S_IFMT == syscall.S_IFREG {
		line = strconv.AppendInt(append(line, " size="...), s.Size, 10)
		line = hex.AppendEncode(append(line, " sha256="...), w.digest(path))
	}
	w.line = line
	w.out.Write(line)
	switch s.Mode & syscall.S_IFMT {
	case syscall.S_IFLNK:
		target, err := os.Readlink(w.root + path)
		if err != nil {
			fail(path, err)
		}
		fmt.Fprintf(w.out, " target=%q", target)
	case syscall.S_IFCHR, syscall.S_IFBLK:
		fmt.Fprintf(w.out, " device=%x", s.Rdev)
	}
	if s.Mode&syscall.S_IFMT != syscall.S_IFDIR && s.Nlink > 1 {
		if first, known := w.linked[s.Ino]; known {
			fmt.Fprintf(w.out, " same=%q", first)
		} else {
			w.linked[s.Ino] = path
		}
		fmt.Fprintf(w.out, " links=%d", s.Nlink)
	}
	w.printAttributes(path)
	w.out.WriteByte('\n')
}

// digest reads without package os, which costs as much again for a small file.
func (w *walker) digest(path string) []byte {
	fd, err := syscall.Open(w.root+path, syscall.O_RDONLY, 0)
	if err != nil {
		fail(path, err)
	}
	defer syscall.Close(fd)
	hash := sha256.New()
	for {
		n, err := syscall.Read(fd, w.buffer)
		if err != nil {
			fail(path, err)
		}
		hash.Write(w.buffer[:n])
		if n < len(w.buffer) {
			return hash.Sum(nil)
		}
	}
}

func (w *walker) printAttributes(path string) {
	names := w.attribute(syscall.SYS_LLISTXATTR, path, "")
	sorted := strings.Split(string(names), "\x00")
	slices.Sort(sorted)
	for _, name := range sorted {
		if name != "" {
			fmt.Fprintf(w.out, " %q=%q", name, w.attribute(syscall.SYS_LGETXATTR, path, name))
		}
	}
}

// attribute calls llistxattr, or lgetxattr with a name.
func (w *walker) attribute(call uintptr, path, name string) []byte {
	file, err := syscall.BytePtrFromString(w.root + path)
	if err != nil {
		fail(path, err)
	}
	buffer, size := uintptr(unsafe.Pointer(&w.buffer[0])), uintptr(len(w.buffer))
	var n uintptr
	var errno syscall.Errno
	if call == syscall.SYS_LLISTXATTR {
		n, _, errno = syscall.Syscall(call, uintptr(unsafe.Pointer(file)), buffer, size)
	} else {
		key, err := syscall.BytePtrFromString(name)
		if err != nil {
			fail(path, err)
		}
		n, _, errno = syscall.Syscall6(call, uintptr(unsafe.Pointer(file)),
			uintptr(unsafe.Pointer(key)), buffer, size, 0, 0)
	}
	if errno != 0 {
		fail(path, errno)
	}
	return w.buffer[:n]
}
