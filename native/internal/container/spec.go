package container

import (
	"bytes"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"

	"boxlite.io/native/internal/fault"
	"boxlite.io/native/internal/inroot"
	"boxlite.io/native/internal/userdb"
)

const (
	defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	maxDatabase = 4 << 20 // of passwd or group that is read
)

// Spec is what is to be run, before names are looked up.
type Spec struct {
	Argv []string
	Env  []string // KEY=value
	Dir  string
	User string
	TTY  bool
}

// Check refuses what could never run, without looking at the container.
func (s *Spec) Check() error {
	if len(s.Argv) == 0 || s.Argv[0] == "" {
		return fault.Invalid("command: must not be empty")
	}
	for _, list := range [][]string{s.Argv, s.Env, {s.Dir, s.User}} {
		for _, text := range list {
			if strings.IndexByte(text, 0) >= 0 {
				return fault.Invalid("%.80q: contains a zero byte", text)
			}
		}
	}
	for _, e := range s.Env {
		if strings.IndexByte(e, '=') < 1 {
			return fault.Invalid("environment %.80q: must be KEY=value", e)
		}
	}
	if s.Dir != "" && s.Dir[0] != '/' {
		return fault.Invalid("working directory %q: must be absolute", s.Dir)
	}
	return nil
}

// AddEnv adds those entries whose keys are not there.
func (s *Spec) AddEnv(entries []string) {
	for _, e := range entries {
		s.Env = setEnv(s.Env, e, false)
	}
}

// overlaid returns base with over's entries instead of or after its own.
func overlaid(base, over []string) []string {
	result := slices.Clone(base)
	for _, e := range over {
		result = setEnv(result, e, true)
	}
	return result
}

func setEnv(env []string, entry string, replace bool) []string {
	key := entry[:strings.IndexByte(entry, '=')+1]
	i := slices.IndexFunc(env, func(e string) bool { return strings.HasPrefix(e, key) })
	switch {
	case i < 0:
		return append(env, entry)
	case replace:
		env[i] = entry
	}
	return env
}

// resolve looks everything up in the container. It runs on the container's thread.
func (s *Spec) resolve(hostname string) (*program, error) {
	id, err := lookupUser(s.User)
	if err != nil {
		return nil, err
	}
	home := id.Home
	if home == "" {
		home = "/"
	}
	env := slices.Clone(s.Env)
	for _, e := range []string{"PATH=" + defaultPath, "HOSTNAME=" + hostname, "HOME=" + home} {
		env = setEnv(env, e, false)
	}
	if s.TTY {
		env = setEnv(env, "TERM=xterm", false)
	}
	dir := s.Dir
	if dir == "" {
		dir = "/"
	}
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return nil, fault.New(codes.FailedPrecondition, "cwd_not_found", "working directory %s: no such directory in the container", dir)
	}
	p := &program{
		Argv: s.Argv, Env: env, Dir: dir, TTY: s.TTY,
		UID: id.UID, GID: id.GID, Groups: id.Groups,
	}
	p.Paths, err = candidates(s.Argv[0], env, dir)
	return p, err
}

// candidates are the files that a command name may mean.
func candidates(name string, env []string, dir string) ([]string, error) {
	if strings.Contains(name, "/") {
		full := name
		if name[0] != '/' {
			full = dir + "/" + name
		}
		if err := executable(full); err != nil {
			return nil, execFault(name, err)
		}
		return []string{name}, nil
	}
	var paths []string
	result := error(unix.ENOENT)
	for _, e := range env {
		list, isPath := strings.CutPrefix(e, "PATH=")
		if !isPath {
			continue
		}
		for d := range strings.SplitSeq(list, ":") {
			full := path.Join(dir, d, name)
			if strings.HasPrefix(d, "/") {
				full = path.Join(d, name)
			}
			if err := executable(full); err == nil {
				paths = append(paths, full)
			} else if err == unix.EACCES {
				result = err
			}
		}
	}
	if len(paths) == 0 {
		return nil, execFault(name, result)
	}
	return paths, nil
}

func executable(file string) error {
	var st unix.Stat_t
	if err := unix.Stat(file, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Mode&0o111 == 0 {
		return unix.EACCES
	}
	return nil
}

// execFault says why a command could not be executed.
func execFault(name string, err error) error {
	var known *fault.Fault
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR):
		return fault.New(codes.NotFound, "command_not_found", "%s: command not found in the container", name)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EISDIR), errors.Is(err, unix.EPERM):
		return fault.New(codes.FailedPrecondition, "command_not_executable", "%s: permission denied: not executable for this user", name)
	case errors.Is(err, unix.ENOEXEC):
		return fault.New(codes.FailedPrecondition, "command_not_executable", "%s: not a program of this machine, nor a script with an interpreter line", name)
	case errors.Is(err, unix.E2BIG):
		return fault.Invalid("%s: arguments and environment are too long", name)
	}
	return fault.New(codes.Internal, "exec_failed", "%s: %v", name, err)
}

func lookupUser(spec string) (userdb.Identity, error) { return lookupUserIn("/", spec) }

func lookupUserIn(dir, spec string) (userdb.Identity, error) {
	files := [2]io.Reader{}
	r, err := inroot.At(dir)
	if err != nil {
		return userdb.Identity{}, err
	}
	defer unix.Close(int(r))
	for i, p := range []string{"/etc/passwd", "/etc/group"} {
		if f, err := r.Readable(p); err == nil {
			defer f.Close()
			files[i] = io.LimitReader(f, maxDatabase)
		} else {
			files[i] = bytes.NewReader(nil)
		}
	}
	id, err := userdb.Lookup(spec, files[0], files[1])
	switch {
	case errors.Is(err, userdb.ErrNoUser):
		return id, fault.New(codes.FailedPrecondition, "user_not_found", "user %q: not in the container's /etc/passwd", spec)
	case errors.Is(err, userdb.ErrNoGroup):
		return id, fault.New(codes.FailedPrecondition, "group_not_found", "user %q: its group is not in the container's /etc/group", spec)
	}
	return id, err
}
