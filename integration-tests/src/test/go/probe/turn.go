package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"
)

const (
	kept    = time.Minute // that an address lasts beyond its time
	patient = 2 * time.Minute
)

// turn follows names whose addresses change: of moving.test from old to moved, of rebound.test from old to what no
// name may have.
func turn(old, moved string) {
	say := func(name, result string) {
		report("turn "+name, strings.NewReplacer(old, "old", moved, "moved").Replace(result))
	}
	say("rebound before", lookup("rebound.test"))
	say("told", until("moving.test", old))
	told := time.Now()
	say("old", echo(old))
	say("moved before it is told", echo(moved))
	say("told later", until("moving.test", moved))
	say("old within its minute", echo(old))
	say("moved", echo(moved))
	say("rebound", until("rebound.test", ""))
	for _, address := range []string{metadata, gateway} {
		say("rebound to "+address, dial("tcp4", address+":19"))
	}
	// Connections by the old address, one after the other and one that stays for a while, do not keep it.
	result := echo(old)
	for time.Since(told) < patient && result != "refused" {
		time.Sleep(time.Second)
		result = echo(old)
	}
	say("old after its minute", fmt.Sprintf("%s, not before: %t", result, time.Since(told) > kept))
	say("told again", until("again.test", old))
	say("old again", echo(old))
}

// lookup is what the box's resolver answers: addresses, or none.
func lookup(name string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 4*limit)
	defer cancel()
	found, err := (&net.Resolver{PreferGo: true}).LookupNetIP(ctx, "ip4", name+".")
	if err != nil {
		return ""
	}
	var all []string
	for _, address := range found {
		all = append(all, address.Unmap().String())
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// until asks until the answer is what it is to become.
func until(name, wanted string) string {
	end := time.Now().Add(patient)
	for {
		found := lookup(name)
		if found == wanted || time.Now().After(end) {
			return found
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// echo is what comes back from the server at port 19.
func echo(address string) string {
	conn, err := net.DialTimeout("tcp4", address+":19", limit)
	if err != nil {
		return kind(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(2 * limit))
	io.WriteString(conn, "echo\n")
	back := make([]byte, 5)
	if _, err := io.ReadFull(conn, back); err != nil {
		return kind(err)
	}
	return strings.TrimSpace(string(back))
}
