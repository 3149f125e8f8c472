// Package rootfs finds the box's disks and mounts its root file system of them.
package rootfs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"boxlite.io/native/internal/uevent"
)

// ErrNoDisk is returned when a disk does not appear in time.
var ErrNoDisk = errors.New("disk not found")

// findDisk returns the device file of the disk at that SCSI target, if it is there.
func findDisk(target uint32) (string, bool) {
	// Host adapters are numbered by the kernel; the VM has one.
	blocks, _ := filepath.Glob(fmt.Sprintf("/sys/bus/scsi/devices/*:0:%d:0/block/*", target))
	for _, block := range blocks {
		device := "/dev/" + filepath.Base(block)
		if _, err := os.Stat(device); err == nil {
			return device, true
		}
	}
	return "", false
}

// waitDisks returns the device files of the disks at these targets.
func waitDisks(ctx context.Context, targets []uint32) (map[uint32]string, error) {
	found := map[uint32]string{}
	missing := uint32(0)
	err := uevent.Wait(ctx, func() bool {
		for _, target := range targets {
			if found[target] != "" {
				continue
			}
			if device, ok := findDisk(target); ok {
				found[target] = device
			} else {
				missing = target
			}
		}
		return len(found) == len(targets)
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("%w: no disk at SCSI target %d", ErrNoDisk, missing)
	}
	return found, err
}
