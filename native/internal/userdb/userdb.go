// Package userdb finds users and groups in passwd(5) and group(5) files.
package userdb

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Why a lookup fails.
var (
	ErrNoUser  = errors.New("user not found")
	ErrNoGroup = errors.New("group not found")
)

const (
	maxID   = 1<<32 - 2 // the highest means "no change" in system calls
	maxLine = 64 << 10
)

// Identity is what a process runs as.
type Identity struct {
	UID, GID uint32
	Groups   []uint32 // supplementary
	Home     string   // "" when the user has no entry
}

// Lookup resolves <name|uid>[:<group|gid>]; nothing means root. A number needs no entry. The
// user's own supplementary groups come with it unless a group is named.
func Lookup(spec string, passwd, group io.Reader) (Identity, error) {
	user, groupSpec, _ := strings.Cut(spec, ":")
	if user == "" {
		user = "0"
	}
	id, name, err := findUser(user, passwd)
	if err != nil {
		return Identity{}, err
	}
	number, numeric := parseID(groupSpec)
	found := false
	err = eachLine(group, 4, func(f []string) bool {
		gid, ok := parseID(f[2])
		if !ok {
			return true
		}
		if groupSpec == "" {
			if name != "" && slices.Contains(strings.Split(f[3], ","), name) && len(id.Groups) < 65536 {
				id.Groups = append(id.Groups, gid)
			}
			return true
		}
		if f[0] == groupSpec {
			id.GID, found = gid, true
		}
		return !found
	})
	switch {
	case err != nil:
		return Identity{}, err
	case groupSpec == "" || found:
		return id, nil
	case numeric:
		id.GID = number
		return id, nil
	}
	return Identity{}, fmt.Errorf("%w: %q", ErrNoGroup, groupSpec)
}

// findUser prefers an entry of that name to one of that number, and the first to later ones.
func findUser(user string, passwd io.Reader) (id Identity, name string, err error) {
	number, numeric := parseID(user)
	found := false
	err = eachLine(passwd, 6, func(f []string) bool {
		uid, ok := parseID(f[2])
		gid, ok2 := parseID(f[3])
		if !ok || !ok2 {
			return true
		}
		byName := f[0] == user
		if byName || numeric && uid == number && !found {
			id, name, found = Identity{UID: uid, GID: gid, Home: f[5]}, f[0], true
		}
		return !byName
	})
	if err == nil && !found {
		if !numeric {
			err = fmt.Errorf("%w: %q", ErrNoUser, user)
		}
		id.UID = number
	}
	return id, name, err
}

// eachLine calls f with the fields of every line that has at least n, until it returns false.
func eachLine(r io.Reader, n int, f func([]string) bool) error {
	if r == nil {
		return nil
	}
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLine)
	for s.Scan() {
		if fields := strings.Split(s.Text(), ":"); len(fields) >= n && !f(fields) {
			return nil
		}
	}
	return s.Err()
}

func parseID(s string) (uint32, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err == nil && n <= maxID
}
