package copying

import (
	"archive/tar"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"

	"boxlite.io/native/internal/fault"
	"boxlite.io/native/internal/inroot"
)

// UnpackOptions says where to and how.
type UnpackOptions struct {
	Path                   string
	NoOverwrite, RenameTop bool
	UID, GID               int  // of everything that is made
	KeepOwners             bool // instead: as the archive says, where that is allowed, directories that are there too
	Warn                   func(text string) error
}

// Unpack makes files of root of a tar. Links are resolved in root.
func Unpack(ctx context.Context, in io.Reader, root inroot.Root, o UnpackOptions) error {
	u := &unpacker{ctx: ctx, root: root, o: o, parentFD: -1}
	defer u.forgetParent()
	if err := u.place(); err != nil {
		return err
	}
	archive := tar.NewReader(in)
	for {
		h, err := archive.Next()
		if err == io.EOF {
			return u.finish()
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			u.abandon()
			return u.cause(invalidArchive(err))
		}
		if err := u.entry(h, archive); err != nil {
			u.abandon()
			return u.cause(err)
		}
	}
}

func (u *unpacker) cause(err error) error {
	if u.ctx.Err() != nil {
		return context.Cause(u.ctx)
	}
	return err
}

type unpacker struct {
	ctx  context.Context
	root inroot.Root
	o    UnpackOptions

	dst    string
	exists bool // at first
	inside bool // entries go below dst
	top    string
	first  bool // the first entry has come

	single     string // name of the only entry, which waits at singleTemp
	singleTemp string

	parent   string // directory of the last entry
	parentFD int
	dirs     []madeDir
	warnings int

	buffer [maxChunk]byte // of files' contents
}

type madeDir struct {
	path string
	h    *tar.Header
}

// place decides what the destination is.
func (u *unpacker) place() (err error) {
	if u.dst, u.inside, err = boxPath(u.o.Path); err != nil {
		return err
	}
	isDir := false
	fd, err := u.root.Open(u.dst, unix.O_PATH, 0)
	switch err {
	case nil:
		var st unix.Stat_t
		err = unix.Fstat(fd, &st)
		unix.Close(fd)
		u.exists, isDir = true, st.Mode&unix.S_IFMT == unix.S_IFDIR
		if err != nil {
			return failed(u.dst, err)
		}
	case unix.ENOENT:
	default:
		return failed(u.dst, err)
	}
	if u.exists && u.o.NoOverwrite {
		return fault.New(codes.AlreadyExists, "destination_exists", "destination %s exists and overwrite=false", u.o.Path)
	}
	if u.inside && u.exists && !isDir {
		return fault.New(codes.FailedPrecondition, "copy_failed", "%.500q: not a directory", u.dst)
	}
	if u.inside && !u.exists {
		return u.makeDst()
	}
	u.inside = u.inside || isDir
	return nil
}

func (u *unpacker) makeDst() error {
	if u.exists {
		return fault.New(codes.FailedPrecondition, "copy_failed", "%.500q: cannot be replaced by a directory", u.dst)
	}
	fd, err := u.root.MakeDir(u.dst, 0o755)
	if err != nil {
		return failed(u.dst, err)
	}
	defer unix.Close(fd)
	if err := u.chown(fd, "", nil); err != nil {
		return failed(u.dst, err)
	}
	u.exists, u.inside = true, true
	return nil
}

// entryName checks a name of the archive; "" means the top itself.
func entryName(name string) (string, error) {
	for c := range strings.SplitSeq(name, "/") {
		if c == ".." {
			return "", fault.New(codes.InvalidArgument, "invalid_archive", "entry %.500q: its name contains '..'", name)
		}
	}
	return strings.TrimPrefix(path.Clean("/"+name), "/"), nil
}

// target says where an entry goes.
func (u *unpacker) target(name string) (string, error) {
	if u.inside {
		return path.Join(u.dst, name), nil
	}
	top, rest, _ := strings.Cut(name, "/")
	if u.top == "" {
		u.top = top
	}
	if top != u.top {
		return "", fault.New(codes.InvalidArgument, "invalid_archive", "entry %.500q: the archive has more than one file at its top", name)
	}
	return path.Join(u.dst, rest), nil
}

func (u *unpacker) entry(h *tar.Header, content io.Reader) error {
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	name, err := entryName(h.Name)
	if err != nil {
		return err
	}
	regular := h.Typeflag == tar.TypeReg
	switch {
	case u.inside || u.o.RenameTop && u.top != "":
	case u.o.RenameTop && name != "":
	case !u.first && regular && name != "":
		u.first = true
		return u.begin(h, name, content)
	default:
		if err := u.makeDst(); err != nil {
			return err
		}
		if err := u.placeSingle(); err != nil {
			return err
		}
	}
	u.first = true
	if name == "" {
		return nil // the destination itself
	}
	at, err := u.target(name)
	if err != nil {
		return err
	}
	if err := u.closeDirs(at); err != nil {
		return err
	}
	return failed(at, u.make(h, at, content))
}

// begin unpacks what may be the only file.
func (u *unpacker) begin(h *tar.Header, name string, content io.Reader) error {
	u.single, u.singleTemp = name, path.Join(path.Dir(u.dst), ".boxlite-"+rand.Text())
	return failed(u.dst, u.make(h, u.singleTemp, content))
}

// placeSingle puts what was not the only file where it belongs.
func (u *unpacker) placeSingle() error {
	if u.singleTemp == "" {
		return nil
	}
	at, err := u.target(u.single)
	if err == nil {
		err = failed(at, u.rename(u.singleTemp, at))
	}
	if err == nil {
		u.singleTemp = ""
	}
	return err
}

func (u *unpacker) finish() error {
	if u.singleTemp != "" {
		if err := u.rename(u.singleTemp, u.dst); err != nil {
			u.abandon()
			return failed(u.dst, err)
		}
	} else if !u.inside && u.top == "" { // nothing at all
		if err := u.makeDst(); err != nil {
			return err
		}
	}
	return u.closeDirs("/")
}

func (u *unpacker) abandon() {
	if u.singleTemp != "" {
		if dir, err := u.in(path.Dir(u.singleTemp)); err == nil {
			unix.Unlinkat(dir, path.Base(u.singleTemp), 0)
		}
	}
}

func (u *unpacker) rename(from, to string) error {
	old, err := u.root.Open(path.Dir(from), unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(old)
	dir, err := u.in(path.Dir(to))
	if err != nil {
		return err
	}
	return unix.Renameat(old, path.Base(from), dir, path.Base(to))
}

// in returns a descriptor of a directory, which is made if missing; it lasts until the next call.
func (u *unpacker) in(dir string) (int, error) {
	if u.parentFD >= 0 && u.parent == dir {
		return u.parentFD, nil
	}
	u.forgetParent()
	fd, err := u.root.MakeDir(dir, 0o755)
	if err != nil {
		return -1, err
	}
	u.parent, u.parentFD = dir, fd
	return fd, nil
}

func (u *unpacker) forgetParent() {
	if u.parentFD >= 0 {
		unix.Close(u.parentFD)
		u.parentFD = -1
	}
}

func (u *unpacker) make(h *tar.Header, at string, content io.Reader) error {
	if at == "/" {
		return nil
	}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeDir, tar.TypeSymlink, tar.TypeLink:
	default:
		u.warnings++
		if u.warnings > maxWarnings {
			return nil
		}
		if u.warnings == maxWarnings {
			return u.o.Warn("more was skipped")
		}
		return u.o.Warn(at + " was skipped: it is " + typeName(h.Typeflag))
	}
	dir, err := u.in(path.Dir(at))
	if err != nil {
		return err
	}
	base := path.Base(at)
	switch h.Typeflag {
	case tar.TypeDir:
		return u.directory(dir, base, at, h)
	case tar.TypeSymlink:
		if err := replacing(dir, base, func() error { return unix.Symlinkat(h.Linkname, dir, base) }); err != nil {
			return err
		}
		return u.own(dir, base, h)
	case tar.TypeLink:
		return u.link(dir, base, at, h)
	}
	return u.file(dir, base, h, content)
}

// replacing makes a file, in the place of another if there is one.
func replacing(dir int, base string, create func() error) error {
	err := create()
	if err != unix.EEXIST {
		return err
	}
	if err := unix.Unlinkat(dir, base, 0); err == unix.EISDIR {
		return errors.New("a directory cannot be replaced by something else")
	} else if err != nil && err != unix.ENOENT {
		return err
	}
	return create()
}

func (u *unpacker) directory(dir int, base, at string, h *tar.Header) error {
	err := unix.Mkdirat(dir, base, 0o700)
	if err == unix.EEXIST {
		fd, err := u.root.Open(at, unix.O_PATH|unix.O_DIRECTORY, 0)
		if err != nil {
			return err
		}
		unix.Close(fd)
		if !u.o.KeepOwners {
			return nil // as it is
		}
		if err := openUp(dir, base); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	if err := u.chown(dir, base, h); err != nil {
		return err
	}
	u.dirs = append(u.dirs, madeDir{at, h})
	return nil
}

// openUp lets its owner write to a directory until it gets its mode: an earlier Unpack may have closed
// it. A link is left alone.
func openUp(dir int, base string) error {
	fd, err := unix.Openat(dir, base, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err == unix.ELOOP || err == unix.ENOTDIR {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Chmod(fmt.Sprintf("/proc/self/fd/%d", fd), 0o700) // fchmod takes no O_PATH
}

// closeDirs gives directories that at is not in their mode and time: nothing is made in them any more.
func (u *unpacker) closeDirs(at string) error {
	for len(u.dirs) > 0 {
		d := u.dirs[len(u.dirs)-1]
		if strings.HasPrefix(at, d.path+"/") {
			return nil
		}
		u.dirs = u.dirs[:len(u.dirs)-1]
		fd, err := u.root.Open(d.path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
		if err != nil {
			continue // somebody has taken it away
		}
		err = unix.Fchmod(fd, uint32(d.h.Mode)&0o7777)
		if err == nil {
			err = setTimes(fd, "", d.h.ModTime)
		}
		unix.Close(fd)
		if err != nil {
			return failed(d.path, err)
		}
	}
	return nil
}

func (u *unpacker) own(dir int, base string, h *tar.Header) error {
	if err := u.chown(dir, base, h); err != nil {
		return err
	}
	return setTimes(dir, base, h.ModTime)
}

// chown gives an entry of a directory, or without a name what the descriptor is, to who is to own it.
func (u *unpacker) chown(dir int, base string, h *tar.Header) error {
	flags := unix.AT_SYMLINK_NOFOLLOW
	if base == "" {
		flags = unix.AT_EMPTY_PATH
	}
	if !u.o.KeepOwners || h == nil {
		return unix.Fchownat(dir, base, u.o.UID, u.o.GID, flags)
	}
	err := unix.Fchownat(dir, base, h.Uid, h.Gid, flags)
	if err == unix.EPERM { // a supervisor without root cannot give a volume's files away
		return nil
	}
	return err
}

func setTimes(dir int, base string, t time.Time) error {
	ts, err := unix.TimeToTimespec(t)
	if err != nil {
		return err
	}
	flags := unix.AT_SYMLINK_NOFOLLOW
	if base == "" {
		flags = unix.AT_EMPTY_PATH
	}
	return unix.UtimesNanoAt(dir, base, []unix.Timespec{ts, ts}, flags)
}

func (u *unpacker) link(dir int, base, at string, h *tar.Header) error {
	name, err := entryName(h.Linkname)
	if err != nil {
		return err
	}
	from, err := u.target(name)
	if err != nil || from == at {
		return err
	}
	old, err := u.root.Open(path.Dir(from), unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(old)
	return replacing(dir, base, func() error { return unix.Linkat(old, path.Base(from), dir, base, 0) })
}

func (u *unpacker) file(dir int, base string, h *tar.Header, content io.Reader) error {
	fd, made := -1, true
	err := replacing(dir, base, func() (err error) {
		fd, err = unix.Openat(dir, base, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
		return err
	})
	if err == unix.EBUSY { // something is mounted there
		made = false
		fd, err = unix.Openat(dir, base, unix.O_TRUNC|unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := u.fill(fd, h.Size, content); err != nil {
		return err
	}
	if made {
		if err := u.chown(fd, "", h); err != nil {
			return err
		}
		if err := unix.Fchmod(fd, uint32(h.Mode)&0o7777); err != nil {
			return err
		}
	}
	return setTimes(fd, "", h.ModTime)
}

// fill writes a file, whose blocks of zeros become holes.
func (u *unpacker) fill(fd int, size int64, content io.Reader) error {
	end, written := int64(0), int64(0)
	for end < size {
		block := u.buffer[:min(size-end, maxChunk)]
		if _, err := io.ReadFull(content, block); err == io.EOF {
			return invalidArchive(io.ErrUnexpectedEOF)
		} else if err != nil {
			return invalidArchive(err)
		}
		at := end
		end += int64(len(block))
		if string(block) == string(zeros[:len(block)]) {
			continue
		}
		for written = end; len(block) > 0; {
			n, err := unix.Pwrite(fd, block, at)
			if err == unix.EINTR {
				continue
			}
			if err != nil {
				return err
			}
			block, at = block[n:], at+int64(n)
		}
	}
	if written < end {
		return unix.Ftruncate(fd, end)
	}
	return nil
}
