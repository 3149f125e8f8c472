// Package container makes the one container of the VM and runs programs in it.
package container

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/caps"
)

// Config says what container to make.
type Config struct {
	Rootfs   string // mounted
	Work     string // a directory of the VM for the files that are mounted over the container's
	Hostname string // also the VM's
	Network  bool   // whether it has the VM's network card
	// MachineID is a file of the VM, mounted over an /etc/machine-id that the image has.
	MachineID string
	Init      Spec
	Caps      caps.Set
	LastCap   int
	Volumes   []Volume
	// OnEnd, if set, is called, once, when the container's PID 1 has ended and so every process in it.
	OnEnd func()
}

// Container is the container. Its methods may be called by anyone at any time.
type Container struct {
	*Seed
	config Config
	setup  setup
	thread *thread
	devpts int // O_PATH: terminals come from here, whatever the container does to its /dev
}

// isInit says whether a command insists on being PID 1.
func isInit(argv0 string) bool {
	switch argv0 {
	case "/init", "/sbin/init", "/usr/sbin/init":
		return true
	}
	return strings.HasSuffix(argv0, "/systemd")
}

// Create makes the container of seed, which is used up; nothing of the user runs.
func Create(seed *Seed, config Config) (*Container, error) {
	c := &Container{Seed: seed, config: config}
	c.setup = setup{
		Rootfs: config.Rootfs, Hostname: config.Hostname, MachineID: config.MachineID, Cwd: config.Init.Dir,
		Volumes: config.Volumes,
		TTY:     config.Init.TTY, Execs: isInit(config.Init.Argv[0]),
		Caps: config.Caps, LastCap: config.LastCap,
	}
	seed.mu.Lock()
	seed.onEnd = config.OnEnd
	seed.mu.Unlock()
	err := c.writeFiles()
	if err == nil {
		err = c.prepare()
	}
	if err != nil {
		c.Kill()
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
	if err := send(c.socket, &c.setup); err != nil {
		return err
	}
	if _, err := c.await(); err != nil {
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
	if !c.setup.Execs {
		return nil
	}
	// It becomes init, within the container's limits.
	group, err := c.group.Make("init")
	if err != nil && !os.IsExist(err) { // an earlier attempt may have left it
		return err
	}
	return errors.Join(c.spare("0"), group.Add(c.pid1))
}

func (c *Container) writeFiles() error {
	c.setup.Files = map[string]string{}
	contents := map[string]string{
		"/etc/hostname":    c.config.Hostname + "\n",
		"/etc/resolv.conf": "",
		"/etc/hosts": "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n" +
			"fe00::0\tip6-localnet\nff00::0\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n" +
			"127.0.1.1\t" + c.config.Hostname + "\n",
	}
	if c.config.Network {
		contents["/etc/resolv.conf"] = "nameserver 192.168.127.1\nsearch localdomain\n"
		contents["/etc/hosts"] += "192.168.127.254\thost.boxlite.internal\n"
	}
	for _, name := range files {
		file := filepath.Join(c.config.Work, filepath.Base(name))
		if err := os.WriteFile(file, []byte(contents[name]), 0o644); err != nil {
			return err
		}
		c.setup.Files[name] = file
	}
	return nil
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
