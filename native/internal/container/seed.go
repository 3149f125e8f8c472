package container

import (
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/cgroup"
	"boxlite.io/native/internal/process"
)

// Seed is the first process of a container that is yet to be made. It has its namespaces and waits
// to be told what to make in them: starting it takes longer than that.
type Seed struct {
	table  *process.Table
	group  cgroup.Group // of the whole container
	pid1   int
	socket *os.File // to PID 1

	ended chan struct{}
	mu    sync.Mutex
	onEnd func()
	// initExited is told PID 1's end when PID 1 is the image's init.
	initExited func(syscall.WaitStatus)
}

// Plant starts the first process of a container that will live in group, and itself in keeper, out
// of reach of the container's limits.
func Plant(table *process.Table, group, keeper cgroup.Group) (*Seed, error) {
	s := &Seed{table: table, group: group, ended: make(chan struct{})}
	if err := s.fork(); err != nil {
		return nil, fmt.Errorf("container's first process: %w", err)
	}
	_, err := s.await()
	if err == nil {
		// Only now: its group when it made its namespace is that namespace's root.
		err = keeper.Add(s.pid1)
	}
	if err == nil {
		err = s.spare("-1000")
	}
	if err != nil {
		s.Discard()
		return nil, err
	}
	return s, nil
}

func (s *Seed) fork() error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	s.socket = os.NewFile(uintptr(pair[0]), "container")
	defer unix.Close(pair[1])
	if err := s.forkWith(pair[1]); err != nil {
		s.socket.Close()
		return err
	}
	return nil
}

func (s *Seed) forkWith(socket int) error {
	null, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	group, err := s.group.Open()
	if err != nil {
		return err
	}
	defer unix.Close(group)
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	s.pid1, err = s.table.Fork(func() (int, error) {
		return syscall.ForkExec(binary, []string{Arg0}, &syscall.ProcAttr{
			Dir:   "/",
			Files: []uintptr{null.Fd(), null.Fd(), 2, uintptr(socket)},
			Sys: &syscall.SysProcAttr{
				Setsid:      true,
				Cloneflags:  namespaces &^ unix.CLONE_NEWCGROUP,
				UseCgroupFD: true, CgroupFD: group,
			},
		})
	}, s.exited)
	return err
}

// await reads PID 1's next report.
func (s *Seed) await() (r report, err error) {
	if _, err := receive(s.socket, &r); err != nil {
		return r, fmt.Errorf("container's first process: %w", err)
	}
	return r, r.err()
}

// spare says how willingly the kernel kills PID 1 for want of memory.
func (s *Seed) spare(adjustment string) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", s.pid1), []byte(adjustment), 0)
}

func (s *Seed) exited(status syscall.WaitStatus) {
	s.mu.Lock()
	tell, onEnd := s.initExited, s.onEnd
	s.mu.Unlock()
	if tell != nil {
		tell(status)
	}
	close(s.ended)
	if onEnd != nil {
		onEnd()
	}
}

// Discard ends a seed that no container is made of.
func (s *Seed) Discard() {
	s.Kill()
	<-s.ended
	s.socket.Close()
}

// Ended is closed when no process of the container is left.
func (s *Seed) Ended() <-chan struct{} { return s.ended }

// Kill kills every process of the container.
func (s *Seed) Kill() {
	s.group.Kill()
	s.table.Kill(s.pid1, unix.SIGKILL)
}
