// Package container makes the one container of the VM and runs programs in it.
package container

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/caps"
	"boxlite.io/native/internal/cgroup"
	"boxlite.io/native/internal/process"
)

// Config says what container to make.
type Config struct {
	Rootfs   string // mounted
	Work     string // a directory of the VM for the files that are mounted over the container's
	Hostname string // also the VM's
	// MachineID is a file of the VM, mounted over an /etc/machine-id that the image has.
	MachineID string
	Init      Spec
	Caps      caps.Set
	LastCap   int
	Group     cgroup.Group // of the whole container
	Keeper    cgroup.Group // of our PID 1: out of reach of the container's limits
	// OnEnd, if set, is called, once, when the container's PID 1 has ended and so every process in it.
	OnEnd func()
}

// Container is the container. Its methods may be called by anyone at any time.
type Container struct {
	config Config
	setup  setup
	table  *process.Table
	pid1   int
	socket *os.File // to PID 1
	thread *thread
	devpts int // O_PATH: terminals come from here, whatever the container does to its /dev

	ended chan struct{}
	mu    sync.Mutex
	// initExited is told PID 1's end when PID 1 is the image's init.
	initExited func(syscall.WaitStatus)
}

// isInit says whether a command insists on being PID 1.
func isInit(argv0 string) bool {
	switch argv0 {
	case "/init", "/sbin/init", "/usr/sbin/init":
		return true
	}
	return strings.HasSuffix(argv0, "/systemd")
}

// Create makes the container; nothing of the user runs.
func Create(table *process.Table, config Config) (*Container, error) {
	c := &Container{config: config, table: table, ended: make(chan struct{})}
	c.setup = setup{
		Rootfs: config.Rootfs, MachineID: config.MachineID, Cwd: config.Init.Dir,
		TTY: config.Init.TTY, Execs: isInit(config.Init.Argv[0]),
		Caps: config.Caps, LastCap: config.LastCap,
	}
	if err := c.writeFiles(); err != nil {
		return nil, err
	}
	if err := c.forkPID1(); err != nil {
		return nil, fmt.Errorf("container's first process: %w", err)
	}
	if err := c.prepare(); err != nil {
		table.Kill(c.pid1, unix.SIGKILL)
		<-c.ended
		if c.thread != nil {
			c.Leave()
		} else {
			c.socket.Close()
		}
		return nil, err
	}
	return c, nil
}

// prepare has PID 1 make the container and joins it.
func (c *Container) prepare() error {
	if err := send(c.socket, c.setup); err != nil {
		return err
	}
	var r report
	if _, err := receive(c.socket, &r); err != nil {
		return fmt.Errorf("container's first process: %w", err)
	}
	if err := r.err(); err != nil {
		return err
	}
	thread, err := join(c.pid1, &c.setup)
	if err != nil {
		return err
	}
	c.thread = thread
	if err := thread.do(func() (err error) {
		c.devpts, err = unix.Open("/dev/pts", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		return err
	}); err != nil {
		return err
	}
	if c.setup.Execs {
		group, err := c.config.Group.Make("init")
		if err != nil {
			return err
		}
		return group.Add(c.pid1)
	}
	os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", c.pid1), []byte("-1000"), 0)
	return c.config.Keeper.Add(c.pid1)
}

func (c *Container) writeFiles() error {
	c.setup.Files = map[string]string{}
	for name, content := range map[string]string{
		"hostname":    c.config.Hostname + "\n",
		"resolv.conf": "nameserver 192.168.127.1\nsearch localdomain\n",
		"hosts": "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n" +
			"fe00::0\tip6-localnet\nff00::0\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n" +
			"127.0.1.1\t" + c.config.Hostname + "\n",
	} {
		file := filepath.Join(c.config.Work, name)
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			return err
		}
		c.setup.Files["/etc/"+name] = file
	}
	return nil
}

func (c *Container) forkPID1() error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	c.socket = os.NewFile(uintptr(pair[0]), "container")
	defer unix.Close(pair[1])
	null, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	group, err := c.config.Group.Open()
	if err != nil {
		return err
	}
	defer unix.Close(group)
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	c.pid1, err = c.table.Fork(func() (int, error) {
		return syscall.ForkExec(binary, []string{Arg0}, &syscall.ProcAttr{
			Dir:   "/",
			Files: []uintptr{null.Fd(), null.Fd(), 2, uintptr(pair[1])},
			Sys: &syscall.SysProcAttr{
				Setsid:      true,
				Cloneflags:  namespaces &^ unix.CLONE_NEWCGROUP,
				UseCgroupFD: true, CgroupFD: group,
			},
		})
	}, c.pid1Exited)
	return err
}

func (c *Container) pid1Exited(status syscall.WaitStatus) {
	c.mu.Lock()
	tell := c.initExited
	c.mu.Unlock()
	if tell != nil {
		tell(status)
	}
	close(c.ended)
	if c.config.OnEnd != nil {
		c.config.OnEnd()
	}
}

// Ended is closed when no process of the container is left.
func (c *Container) Ended() <-chan struct{} { return c.ended }

// Kill kills every process of the container.
func (c *Container) Kill() {
	c.config.Group.Kill()
	c.table.Kill(c.pid1, unix.SIGKILL)
}

// Leave makes the agent let go of the container's mounts, once. Nothing can be launched afterwards.
func (c *Container) Leave() error {
	c.socket.Close()
	fd, err := unix.Open("/proc/1/ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	unix.Close(c.devpts)
	return c.thread.leave(fd)
}
