package copying

import (
	"context"
	"os"
	"path/filepath"
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
