package process

import (
	"sync"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/cgroup"
)

// lingering are the groups of ended processes in which a descendant still lived when last looked.
var lingering struct {
	sync.Mutex
	groups []cgroup.Group
}

// sweep removes the group of a process that has ended, and of earlier ones that have emptied.
func (t *Table) sweep(g cgroup.Group) {
	lingering.Lock()
	defer lingering.Unlock()
	rest := lingering.groups[:0]
	for _, g := range append(lingering.groups, g) {
		if g.Remove() == unix.EBUSY {
			rest = append(rest, g)
		}
	}
	lingering.groups = rest
}
