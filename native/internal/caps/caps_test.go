package caps

import "testing"

func TestSelect(t *testing.T) {
	const docker Set = 0xa80425fb
	const everything Set = 1<<41 - 1
	for _, c := range []struct {
		name      string
		add, drop []string
		want      Set
	}{
		{"standard", nil, nil, docker},
		{"added", []string{"SYS_ADMIN"}, nil, docker | 1<<21},
		{"dropped", nil, []string{"CHOWN"}, docker &^ 1},
		{"add wins", []string{"CHOWN"}, []string{"CHOWN"}, docker},
		{"everything", []string{"ALL"}, nil, everything},
		{"everything but", []string{"ALL"}, []string{"CHOWN"}, everything &^ 1},
		{"nothing", nil, []string{"ALL"}, 0},
		{"exactly", []string{"KILL"}, []string{"ALL"}, 1 << 5},
	} {
		got, err := Select(c.add, c.drop, 40)
		if err != nil || got != c.want {
			t.Errorf("%s: %#x, %v; want %#x", c.name, got, err, c.want)
		}
	}
}

func TestSelectRefusesUnknownNames(t *testing.T) {
	for _, bad := range []string{"", "NOPE", "chown", "CAP_CHOWN"} {
		if _, err := Select([]string{bad}, nil, 40); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	if _, err := Select(nil, []string{"BPF"}, 38); err == nil {
		t.Error("a capability that the kernel lacks was accepted")
	}
}
