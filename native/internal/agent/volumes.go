package agent

import (
	"context"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"

	pb "boxlite.io/native/internal/agentpb"
	"boxlite.io/native/internal/boot"
	"boxlite.io/native/internal/container"
	"boxlite.io/native/internal/copying"
	"boxlite.io/native/internal/fault"
	"boxlite.io/native/internal/inroot"
	"boxlite.io/native/internal/volumefs"
)

const maxVolumes = 128

// volumeDir is where the volumes are mounted in the VM.
var volumeDir = filepath.Join(boot.Run, "volumes")

func volumesOf(list []*pb.Volume) ([]container.Volume, error) {
	if len(list) > maxVolumes {
		return nil, fault.Invalid("volumes: at most %d", maxVolumes)
	}
	volumes := make([]container.Volume, len(list))
	for i, v := range list {
		target := string(v.Target)
		if !path.IsAbs(target) || path.Clean(target) == "/" || strings.IndexByte(target, 0) >= 0 {
			return nil, fault.Invalid("volume at %.80q: must be absolute, and not the root", target)
		}
		volumes[i] = container.Volume{
			Source: filepath.Join(volumeDir, strconv.Itoa(i)), Target: path.Clean(target), ReadOnly: v.ReadOnly,
		}
	}
	return volumes, nil
}

// fillVolumes copies what the image has at their targets into those volumes that are to have it.
func fillVolumes(ctx context.Context, config *container.Config, list []*pb.Volume) error {
	for i, v := range list {
		if !v.Fill {
			continue
		}
		if err := fill(ctx, config.Rootfs, config.Volumes[i]); err != nil {
			return fault.New(codes.FailedPrecondition, "volume_not_filled",
				"copy what the image has at %.500q into the volume there: %v", config.Volumes[i].Target, err)
		}
	}
	return nil
}

func fill(ctx context.Context, rootfs string, v container.Volume) error {
	from, err := inroot.At(rootfs)
	if err != nil {
		return err
	}
	defer unix.Close(int(from))
	to, err := inroot.At(v.Source)
	if err != nil {
		return err
	}
	defer unix.Close(int(to))
	return copying.Fill(ctx, to, from, v.Target)
}

// mountVolumes makes the volumes appear in the VM, if there are any.
func (a *Agent) mountVolumes(config *container.Config) error {
	if len(config.Volumes) == 0 {
		return nil
	}
	if err := a.startCarrier(); err != nil {
		return err
	}
	carrier := a.carrier
	a.carrier = nil // it serves once
	uid, gid := container.Owner(config.Rootfs, config.Init.User)
	if err := carrier.Mount(volumeDir, uid, gid); err != nil {
		return fault.New(codes.FailedPrecondition, "mount_failed", "volumes: %v", err)
	}
	return nil
}

// startCarrier starts the process that will carry volumes, unless it waits already.
func (a *Agent) startCarrier() (err error) {
	if a.carrier == nil {
		a.carrier, err = volumefs.Start(a.table)
	}
	return err
}

// rehearseVolumes has that process wait before a box is there.
func (a *Agent) rehearseVolumes() error {
	if err := a.startCarrier(); err != nil {
		return err
	}
	return a.carrier.Await()
}
