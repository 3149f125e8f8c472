package copying

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

func stat(t *testing.T, p string) unix.Stat_t {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Lstat(p, &st); err != nil {
		t.Fatal(err)
	}
	return st
}

// What an earlier Fill that was broken off has left is finished by the next.
func TestFillCopiesContentModesAndOwnersAlsoOverHalfACopy(t *testing.T) {
	image, volume := t.TempDir(), t.TempDir()
	data := filepath.Join(image, "var/data")
	os.MkdirAll(filepath.Join(data, "dir"), 0o755)
	os.WriteFile(filepath.Join(data, "dir/file"), []byte("whole"), 0o644)
	os.Link(filepath.Join(data, "dir/file"), filepath.Join(data, "hard"))
	os.Symlink("/etc/passwd", filepath.Join(data, "link"))
	unix.Chmod(filepath.Join(data, "dir/file"), 0o4755)
	unix.Chmod(filepath.Join(data, "dir"), 0o2770)
	unix.Chmod(data, 0o1777)
	os.Symlink("/var/data", filepath.Join(image, "way"))
	os.Mkdir(filepath.Join(volume, "dir"), 0o700)
	os.WriteFile(filepath.Join(volume, "dir/file"), []byte("ha"), 0o600)
	os.WriteFile(filepath.Join(volume, "other"), []byte("stays"), 0o600)
	root := os.Geteuid() == 0
	if root {
		for _, p := range []string{data, filepath.Join(data, "dir")} {
			os.Chown(p, 123, 456)
		}
	}
	if err := Fill(context.Background(), at(t, volume), at(t, image), "/way"); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]uint32{"": 0o1777, "dir": 0o2770, "dir/file": 0o4755} {
		st := stat(t, filepath.Join(volume, name))
		if st.Mode&0o7777 != mode {
			t.Errorf("%q has mode %o", name, st.Mode)
		}
		if root && name != "dir/file" && (st.Uid != 123 || st.Gid != 456) {
			t.Errorf("%q is of %d:%d", name, st.Uid, st.Gid)
		}
	}
	if content(t, filepath.Join(volume, "dir/file")) != "whole" || content(t, filepath.Join(volume, "other")) != "stays" {
		t.Error("wrong content")
	}
	if stat(t, filepath.Join(volume, "hard")).Ino != stat(t, filepath.Join(volume, "dir/file")).Ino {
		t.Error("a hard link became a copy")
	}
	if target, _ := os.Readlink(filepath.Join(volume, "link")); target != "/etc/passwd" {
		t.Errorf("a link leads to %q", target)
	}
}

// Without root, for whom modes are nothing: a Fill that was broken off after it had closed a directory.
func TestFillIsFinishedOverDirectoriesThatNobodyMayWriteTo(t *testing.T) {
	image, volume := t.TempDir(), t.TempDir()
	asNobody(t, image, volume)
	data := filepath.Join(image, "data")
	os.MkdirAll(filepath.Join(data, "mod"), 0o755)
	os.WriteFile(filepath.Join(data, "mod/file"), []byte("x"), 0o444)
	os.Symlink("mod", filepath.Join(data, "link"))
	os.Chmod(filepath.Join(data, "mod"), 0o555)
	os.Chmod(data, 0o555)
	t.Cleanup(func() { // so that they can be removed
		for _, p := range []string{data, filepath.Join(data, "mod"), volume, filepath.Join(volume, "mod")} {
			os.Chmod(p, 0o755)
		}
	})
	for i := range 3 {
		if err := Fill(context.Background(), at(t, volume), at(t, image), "/data"); err != nil {
			t.Fatalf("fill %d: %v", i, err)
		}
	}
	for _, name := range []string{"", "mod"} {
		if st := stat(t, filepath.Join(volume, name)); st.Mode&0o7777 != 0o555 {
			t.Errorf("%q has mode %o", name, st.Mode)
		}
	}
	if content(t, filepath.Join(volume, "mod/file")) != "x" {
		t.Error("wrong content")
	}
}

// asNobody gives directories to a user who is not root, who the rest of the test is.
func asNobody(t *testing.T, directories ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	const nobody = 65534
	for _, p := range directories {
		os.Chmod(filepath.Dir(p), 0o755)
		os.Chown(p, nobody, nobody)
	}
	// On this thread only, and only for files: setfsuid takes away the capabilities over them.
	runtime.LockOSThread()
	unix.Setfsgid(nobody)
	unix.Setfsuid(nobody)
	t.Cleanup(func() {
		unix.Setfsuid(0)
		unix.Setfsgid(0)
		runtime.UnlockOSThread()
	})
}

func TestFillWithNothingToCopyChangesNothing(t *testing.T) {
	image, volume := t.TempDir(), t.TempDir()
	os.WriteFile(filepath.Join(image, "file"), nil, 0o644)
	for _, p := range []string{"/none", "/file", "/file/below"} {
		if err := Fill(context.Background(), at(t, volume), at(t, image), p); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
	if entries, _ := os.ReadDir(volume); len(entries) != 0 {
		t.Errorf("%d entries", len(entries))
	}
}
