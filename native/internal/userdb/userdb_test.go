package userdb

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

const passwd = `root:x:0:0:root:/root:/bin/sh
broken line
alice:x:1000:1001:Alice:/home/alice:/bin/sh
42:x:7:7::/seven:
bad:x:nope:1::/:
`

const group = `root:x:0:
wheel:x:10:root,alice
alice:x:1001:
audio:x:29:alice
`

func TestLookup(t *testing.T) {
	for spec, want := range map[string]Identity{
		"":            {0, 0, []uint32{10}, "/root"},
		"0:0":         {0, 0, nil, "/root"},
		"alice":       {1000, 1001, []uint32{10, 29}, "/home/alice"},
		"1000":        {1000, 1001, []uint32{10, 29}, "/home/alice"},
		"1000:":       {1000, 1001, []uint32{10, 29}, "/home/alice"},
		"alice:audio": {1000, 29, nil, "/home/alice"},
		"alice:5":     {1000, 5, nil, "/home/alice"},
		"2000":        {2000, 0, nil, ""},
		"2000:wheel":  {2000, 10, nil, ""},
		"42":          {7, 7, nil, "/seven"},
		"7":           {7, 7, nil, "/seven"},
	} {
		got, err := Lookup(spec, strings.NewReader(passwd), strings.NewReader(group))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v; want %+v", spec, got, err, want)
		}
	}
}

func TestLookupWithoutFiles(t *testing.T) {
	if got, err := Lookup("5:6", nil, nil); err != nil || got.UID != 5 || got.GID != 6 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestLookupRefuses(t *testing.T) {
	for spec, want := range map[string]error{
		"nobody": ErrNoUser, "-1": ErrNoUser, "4294967295": ErrNoUser, "bad": ErrNoUser,
		"alice:nogroup": ErrNoGroup, "0:-1": ErrNoGroup,
	} {
		if _, err := Lookup(spec, strings.NewReader(passwd), strings.NewReader(group)); !errors.Is(err, want) {
			t.Errorf("%q: %v; want %v", spec, err, want)
		}
	}
}
