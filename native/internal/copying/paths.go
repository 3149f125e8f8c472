package copying

import (
	"archive/tar"
	"errors"
	"path"
	"strings"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"

	"boxlite.io/native/internal/fault"
)

const maxWarnings = 100

// boxPath checks a path of the container and makes it absolute and clean. inside says that it names a
// directory: it ends in a slash, or in "/.".
func boxPath(p string) (clean string, inside bool, err error) {
	switch {
	case p == "":
		return "", false, fault.Invalid("the path in the box is empty")
	case strings.ContainsRune(p, 0):
		return "", false, fault.Invalid("the path in the box has a NUL")
	}
	for c := range strings.SplitSeq(p, "/") {
		if c == ".." {
			return "", false, fault.Invalid("%q: a path in the box must not contain '..'", p)
		}
	}
	return path.Clean("/" + p), strings.HasSuffix(p, "/") || path.Base(p) == ".", nil
}

// failed gives an error of a system call on a path its reason.
func failed(p string, err error) error {
	var known *fault.Fault
	if err == nil || errors.As(err, &known) {
		return err
	}
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return fault.New(codes.ResourceExhausted, "no_space", "%.500q: no space is left in the box", p)
	}
	return fault.New(codes.FailedPrecondition, "copy_failed", "%.500q: %v", p, err)
}

func invalidArchive(err error) error {
	var known *fault.Fault
	if errors.As(err, &known) {
		return err
	}
	return fault.New(codes.InvalidArgument, "invalid_archive", "the tar is broken: %v", err)
}

// special names what is not copied, or "" for what is.
func special(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFCHR, unix.S_IFBLK:
		return "a device"
	case unix.S_IFIFO:
		return "a FIFO"
	case unix.S_IFSOCK:
		return "a socket"
	}
	return ""
}

func typeName(t byte) string {
	switch t {
	case tar.TypeChar, tar.TypeBlock:
		return "a device"
	case tar.TypeFifo:
		return "a FIFO"
	}
	return "of an unknown type"
}
