package volumes

import (
	"strings"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/fuse"
)

// userAttributes begin the names of extended attributes that a box may have: others mean something to
// the host's kernel.
const userAttributes = "user."

func (q *request) xattr(b []byte) ([]byte, error) {
	if q.node.is(unix.S_IFLNK) {
		return b, unix.EOPNOTSUPP
	}
	path := q.node.path()
	if q.Opcode == fuse.OpRemovexattr {
		name := q.Text()
		if q.Short() || !strings.HasPrefix(name, userAttributes) {
			return b, unix.EOPNOTSUPP
		}
		return b, unix.Removexattr(path, name)
	}
	size := q.U32()
	second := q.U32() // flags of Setxattr
	if size > fuse.MaxData {
		return b, unix.E2BIG
	}
	name := ""
	if q.Opcode != fuse.OpListxattr {
		if name = q.Text(); q.Short() || !strings.HasPrefix(name, userAttributes) {
			return b, unix.EOPNOTSUPP
		}
	}
	if q.Opcode == fuse.OpSetxattr {
		value := q.Bytes(int(size))
		if q.Short() {
			return b, unix.EINVAL
		}
		return b, unix.Setxattr(path, name, value, int(second))
	}
	value, err := q.readXattr(path, name)
	switch {
	case err != nil:
		return b, err
	case size == 0:
		return u32s(b, uint32(len(value)), 0), nil
	case len(value) > int(size):
		return b, unix.ERANGE
	}
	return append(b, value...), nil
}

// readXattr reads an attribute, or, without a name, the names of all that a box may have.
func (q *request) readXattr(path, name string) ([]byte, error) {
	value := make([]byte, 64<<10)
	if name != "" {
		n, err := unix.Getxattr(path, name, value)
		return value[:max(n, 0)], err
	}
	n, err := unix.Listxattr(path, value)
	if err != nil {
		return nil, err
	}
	var names []byte
	for _, each := range strings.SplitAfter(string(value[:n]), "\x00") {
		if strings.HasPrefix(each, userAttributes) {
			names = append(names, each...)
		}
	}
	return names, nil
}
