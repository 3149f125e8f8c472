// Package volumefs mounts the box's volumes in the VM: it is the transport between the kernel's FUSE
// and boxlite-volumes on the host, and knows nothing of what it carries.
//
// A process of its own carries the messages. If the agent did, it would wait for itself for ever whenever
// it uses a volume while its runtime stands still, as when it forks: Go's vfork returns when the child has
// executed its program, and that may lie in a volume.
package volumefs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/fuse"
	"boxlite.io/native/internal/portal"
)

// deadline is how long the host's end may take to be there.
const deadline = 10 * time.Second

// carry mounts all volumes at dir, which is made: as entries that are named by their numbers. The files
// of the host's user look like those of uid and gid. When the host's end closes, for which there is no
// remedy, all that is done in the volumes fails with ENOTCONN.
func carry(port *portal.Port, dir string, uid, gid uint32) error {
	port.SetWriteDeadline(time.Now().Add(deadline))
	owner := fuse.Header{Length: fuse.InHeaderSize + 8, Opcode: fuse.OpOwner}.Append(nil)
	owner = binary.LittleEndian.AppendUint32(owner, uid)
	owner = binary.LittleEndian.AppendUint32(owner, gid)
	if _, err := port.Write(owner); err != nil {
		return fmt.Errorf("the host's end: %w", err)
	}
	port.SetWriteDeadline(time.Time{})
	device, err := mount(dir)
	if err != nil {
		return err
	}
	port.OnDisconnect = func() { device.Close() }
	go func() { log.Print("volumes, to the host: ", toHost(device, port)) }()
	go func() { log.Print("volumes, from the host: ", fromHost(port, device)) }()
	go func() {
		if err := readAhead(dir); err != nil {
			log.Print("volumes, read-ahead: ", err)
		}
	}()
	return nil
}

// readAhead has the kernel read further ahead than it does by itself, which is half of what one request
// may ask for.
func readAhead(dir string) error {
	var st unix.Statx_t
	// Of what the kernel knows, without asking the host.
	if err := unix.Statx(unix.AT_FDCWD, dir, unix.AT_STATX_DONT_SYNC, unix.STATX_TYPE, &st); err != nil {
		return err
	}
	setting := fmt.Sprintf("/sys/class/bdi/%d:%d/read_ahead_kb", st.Dev_major, st.Dev_minor)
	return os.WriteFile(setting, strconv.AppendInt(nil, fuse.ReadAhead>>10, 10), 0)
}

func mount(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("/dev/fuse: %w", err)
	}
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0,default_permissions,allow_other,max_read=%d", fd, fuse.MaxData)
	if err := unix.Mount("boxlite", dir, "fuse.boxlite", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("mount the volumes: %w", err)
	}
	return os.NewFile(uintptr(fd), "/dev/fuse"), nil
}

// toHost passes on the kernel's requests, one a read.
func toHost(device *os.File, port *portal.Port) error {
	defer device.Close()
	buffer := make([]byte, fuse.MaxMessage)
	for {
		n, err := device.Read(buffer)
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EINTR) { // the request was withdrawn
			continue
		}
		if err != nil {
			return err
		}
		if _, err := port.Write(buffer[:n]); err != nil {
			return err
		}
	}
}

// fromHost passes on the answers, one a write.
func fromHost(port *portal.Port, device *os.File) error {
	defer device.Close()
	buffer := make([]byte, fuse.MaxMessage)
	for {
		if _, err := io.ReadFull(port, buffer[:fuse.OutHeaderSize]); err != nil {
			return err
		}
		length := binary.LittleEndian.Uint32(buffer)
		if length < fuse.OutHeaderSize || length > fuse.MaxMessage {
			return fmt.Errorf("an answer of %d bytes", length)
		}
		if _, err := io.ReadFull(port, buffer[fuse.OutHeaderSize:length]); err != nil {
			return err
		}
		// An answer to what was withdrawn meanwhile is not wanted.
		if _, err := device.Write(buffer[:length]); err != nil && !errors.Is(err, unix.ENOENT) {
			return err
		}
	}
}
