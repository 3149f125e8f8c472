package container

import (
	"fmt"

	"boxlite.io/native/internal/inroot"
	"golang.org/x/sys/unix"
)

// Volume is what is mounted from the VM into the container.
type Volume struct {
	Source   string // directory or file of the VM
	Target   string // absolute; made if missing
	ReadOnly bool
}

// bind mounts a volume over what is at its target, or over what is made there.
func bind(r inroot.Root, v Volume) error {
	if err := bindTo(r, v); err != nil {
		return fmt.Errorf("volume at %s: %w", v.Target, err)
	}
	return nil
}

func bindTo(r inroot.Root, v Volume) error {
	source, err := unix.Open(v.Source, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(source)
	// What kind it is never changes: the kernel knows it without asking the host again.
	var st unix.Statx_t
	if err := unix.Statx(source, "", unix.AT_EMPTY_PATH|unix.AT_STATX_DONT_SYNC, unix.STATX_TYPE, &st); err != nil {
		return err
	}
	directory := st.Mode&unix.S_IFMT == unix.S_IFDIR
	var target int
	if directory {
		target, err = r.MakeDir(v.Target, 0o755)
	} else {
		target, err = r.MakeFile(v.Target)
	}
	if err != nil {
		return err
	}
	err = unix.Mount(at(source), at(target), "", unix.MS_BIND, "")
	unix.Close(target)
	if err != nil || !v.ReadOnly {
		return err
	}
	// The host refuses changes too: this only makes it look so.
	mounted, err := r.Open(v.Target, unix.O_PATH, 0)
	if err != nil {
		return err
	}
	defer unix.Close(mounted)
	return unix.Mount("", at(mounted), "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV, "")
}

// Owner looks up who the user of a container is whose root file system is mounted at dir: root, when
// nobody is found. That is told when the user's program is run.
func Owner(dir, user string) (uid, gid uint32) {
	id, err := lookupUserIn(dir, user)
	if err != nil {
		return 0, 0
	}
	return id.UID, id.GID
}
