package container

import (
	"boxlite.io/native/internal/inroot"
	"boxlite.io/native/internal/userdb"
)

// Files opens the container's root as its processes see it, with all that is mounted there, and tells
// whom its user is. Whoever has it must close it before the container is left.
func (c *Container) Files() (root inroot.Root, user userdb.Identity, err error) {
	err = c.thread.do(func() (err error) {
		if user, err = lookupUser(c.config.Init.User); err != nil {
			return err
		}
		root, err = inroot.At("/")
		return err
	})
	return root, user, err
}
