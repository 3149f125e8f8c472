//go:build vm

package vmtest

import (
	"encoding/json"
	"fmt"
	"net"
	"testing"
	"time"
)

// qmp is a connection to QEMU's monitor.
type qmp struct {
	t    testing.TB
	conn net.Conn
	in   *json.Decoder
}

type arguments = map[string]any

// dialSocket connects to a socket that QEMU makes a moment after it starts.
func (v *vm) dialSocket(t testing.TB, name string) net.Conn {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for {
		conn, err := net.Dial("unix", v.path(name))
		if err == nil {
			return conn
		}
		select {
		case <-v.done:
			t.Fatal("QEMU has ended")
		case <-time.After(time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func (v *vm) monitor(t testing.TB) *qmp {
	t.Helper()
	conn := v.dialSocket(t, "qmp.sock")
	t.Cleanup(func() { conn.Close() })
	q := &qmp{t, conn, json.NewDecoder(conn)}
	var greeting any
	if err := q.in.Decode(&greeting); err != nil {
		t.Fatal("qmp: ", err)
	}
	q.do("qmp_capabilities", nil, nil)
	return q
}

// do executes a command and reads what it returns into result, unless that is nil.
func (q *qmp) do(command string, args arguments, result any) {
	q.t.Helper()
	request := arguments{"execute": command}
	if args != nil {
		request["arguments"] = args
	}
	if err := json.NewEncoder(q.conn).Encode(request); err != nil {
		q.t.Fatalf("qmp %s: %v", command, err)
	}
	for {
		var answer struct {
			Event  string
			Error  json.RawMessage
			Return json.RawMessage
		}
		err := q.in.Decode(&answer)
		switch {
		case err == nil && answer.Event != "":
			continue
		case err == nil && answer.Error != nil:
			err = fmt.Errorf("%s", answer.Error)
		case err == nil && result != nil:
			err = json.Unmarshal(answer.Return, result)
		}
		if err != nil {
			q.t.Fatalf("qmp %s: %v", command, err)
		}
		return
	}
}

// await executes a query until its status is one of these.
func (q *qmp) await(query string, wanted ...string) {
	q.t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	var state struct{ Status string }
	for q.do(query, nil, &state); time.Now().Before(deadline); q.do(query, nil, &state) {
		for _, w := range wanted {
			if state.Status == w {
				return
			}
		}
		if state.Status == "failed" {
			break
		}
		time.Sleep(time.Millisecond)
	}
	q.t.Fatalf("qmp %s: %s, not %v", query, state.Status, wanted)
}

// insert puts a disk into its slot.
func (q *qmp) insert(slot, file string, readOnly bool) {
	q.t.Helper()
	discard := "unmap"
	if readOnly {
		discard = "ignore"
	}
	q.do("blockdev-add", arguments{
		"driver": "raw", "node-name": slot + "-disk", "read-only": readOnly, "discard": discard,
		"file": arguments{"driver": "file", "filename": file, "read-only": readOnly},
	}, nil)
	q.do("qom-set", arguments{"path": "/machine/peripheral/" + slot, "property": "drive", "value": slot + "-disk"}, nil)
}

// remove takes a disk that no driver uses out of its slot.
func (q *qmp) remove(slot string) {
	q.t.Helper()
	q.do("qom-set", arguments{"path": "/machine/peripheral/" + slot, "property": "drive", "value": "no-" + slot}, nil)
	q.do("blockdev-del", arguments{"node-name": slot + "-disk"}, nil)
}
