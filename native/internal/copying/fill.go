package copying

import (
	"context"
	"io"
	"log"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/inroot"
)

// Fill copies what a directory of one root has, and whose it is, to the directory that is the other
// root: all that a tar can say. What is there stays, unless it has the same name. Does nothing when p is
// no directory.
func Fill(ctx context.Context, to, from inroot.Root, p string) error {
	fd, err := from.Open(p, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err == unix.ENOENT || err == unix.ENOTDIR {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if err := openUp(int(to), "."); err != nil {
		return err
	}
	in, out := io.Pipe()
	go func() {
		out.CloseWithError(Pack(ctx, out, from, PackOptions{Path: p + "/.", Recursive: true}))
	}()
	err = Unpack(ctx, in, to, UnpackOptions{Path: "/.", KeepOwners: true, Warn: func(text string) error {
		log.Printf("volume at %.500q: %.500s", p, text)
		return nil
	}})
	in.CloseWithError(err)
	if err != nil {
		return err
	}
	return ownRoot(to, &st)
}

// ownRoot makes the owner and mode of a root those of st.
func ownRoot(root inroot.Root, st *unix.Stat_t) error {
	fd, err := root.Open("/", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.Fchown(fd, int(st.Uid), int(st.Gid)); err != nil && err != unix.EPERM {
		return err
	}
	return unix.Fchmod(fd, st.Mode&0o7777)
}
