package rootfs

import (
	"encoding/binary"
	"testing"
)

func TestParseExtent(t *testing.T) {
	b := make([]byte, superblockSize)
	if _, _, err := parseExtent(b); err == nil {
		t.Error("zeros are taken for a file system")
	}
	binary.LittleEndian.PutUint16(b[magicOffset:], magic)
	binary.LittleEndian.PutUint32(b[blocksLow:], 7)
	binary.LittleEndian.PutUint32(b[blocksHigh:], 1)
	binary.LittleEndian.PutUint32(b[logBlockSize:], 2)
	if blocks, size, err := parseExtent(b); blocks != 7 || size != 4096 || err != nil {
		t.Error("32 bits: ", blocks, size, err)
	}
	binary.LittleEndian.PutUint32(b[incompatible:], wide)
	if blocks, _, err := parseExtent(b); blocks != 1<<32+7 || err != nil {
		t.Error("64 bits: ", blocks, err)
	}
	binary.LittleEndian.PutUint32(b[logBlockSize:], 40)
	if _, _, err := parseExtent(b); err == nil {
		t.Error("blocks of any size are believed")
	}
}
