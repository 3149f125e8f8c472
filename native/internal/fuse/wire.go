// Package fuse holds the part of the Linux FUSE protocol that volumes need. It is spoken between the
// guest's kernel and boxlite-volumes on the host, and the agent only carries its messages. Source:
// include/uapi/linux/fuse.h of Linux, protocol 7.33; numbers are little-endian, as on all supported
// machines.
package fuse

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

const (
	// InHeaderSize is the length of what every request begins with, OutHeaderSize of every answer.
	InHeaderSize  = 40
	OutHeaderSize = 16

	// MaxData is the most that one request writes or reads.
	MaxData = 256 << 10
	// ReadAhead is how far a file that is read in order is read ahead, in bytes: some reads at once.
	ReadAhead = 4 * MaxData

	// MaxMessage bounds every message. The kernel insists on a buffer of a page more than MaxData.
	MaxMessage = MaxData + 8<<10

	// RootNode is the node of the root directory.
	RootNode = 1

	Major = 7
	Minor = 33
)

// Opcodes of requests.
const (
	OpLookup      = 1
	OpForget      = 2
	OpGetattr     = 3
	OpSetattr     = 4
	OpReadlink    = 5
	OpSymlink     = 6
	OpMknod       = 8
	OpMkdir       = 9
	OpUnlink      = 10
	OpRmdir       = 11
	OpRename      = 12
	OpLink        = 13
	OpOpen        = 14
	OpRead        = 15
	OpWrite       = 16
	OpStatfs      = 17
	OpRelease     = 18
	OpFsync       = 20
	OpSetxattr    = 21
	OpGetxattr    = 22
	OpListxattr   = 23
	OpRemovexattr = 24
	OpFlush       = 25
	OpInit        = 26
	OpOpendir     = 27
	OpReaddir     = 28
	OpReleasedir  = 29
	OpFsyncdir    = 30
	OpAccess      = 34
	OpCreate      = 35
	OpInterrupt   = 36
	OpDestroy     = 38
	OpBatchForget = 42
	OpFallocate   = 43
	OpRename2     = 45
	OpLseek       = 46
	OpCopyRange   = 47
	OpSyncfs      = 50

	// OpOwner is the agent's own, before all others: the container's user (two numbers: uid, gid). It
	// has no answer. The kernel knows no such opcode.
	OpOwner = 1 << 20
)

// Flags of Init.
const (
	InitAsyncRead     = 1 << 0
	InitAtomicTrunc   = 1 << 3
	InitBigWrites     = 1 << 5
	InitAutoInvalData = 1 << 12
	InitAsyncDIO      = 1 << 15
	InitParallelDirs  = 1 << 18
	InitMaxPages      = 1 << 22
	InitKillPrivV2    = 1 << 28
)

// WriteCache is a flag of Write: what comes has been in the guest's page cache.
const WriteCache = 1 << 0

// Valid fields of Setattr.
const (
	SetMode     = 1 << 0
	SetUID      = 1 << 1
	SetGID      = 1 << 2
	SetSize     = 1 << 3
	SetAtime    = 1 << 4
	SetMtime    = 1 << 5
	SetFH       = 1 << 6
	SetAtimeNow = 1 << 7
	SetMtimeNow = 1 << 8
)

// Header begins a request.
type Header struct {
	Length, Opcode uint32
	Unique, Node   uint64
	UID, GID       uint32
}

// ParseHeader reads a header of InHeaderSize bytes.
func ParseHeader(b []byte) Header {
	return Header{
		Length: binary.LittleEndian.Uint32(b), Opcode: binary.LittleEndian.Uint32(b[4:]),
		Unique: binary.LittleEndian.Uint64(b[8:]), Node: binary.LittleEndian.Uint64(b[16:]),
		UID: binary.LittleEndian.Uint32(b[24:]), GID: binary.LittleEndian.Uint32(b[28:]),
	}
}

// Append appends the header as it goes over the wire.
func (h Header) Append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, h.Length)
	b = binary.LittleEndian.AppendUint32(b, h.Opcode)
	b = binary.LittleEndian.AppendUint64(b, h.Unique)
	b = binary.LittleEndian.AppendUint64(b, h.Node)
	b = binary.LittleEndian.AppendUint32(b, h.UID)
	b = binary.LittleEndian.AppendUint32(b, h.GID)
	return append(b, make([]byte, 8)...)
}

// Reader reads the body of a request. What is not there is zero, and remembered.
type Reader struct {
	b     []byte
	short bool
}

// NewReader reads b.
func NewReader(b []byte) *Reader { return &Reader{b: b} }

// U32 reads a number.
func (r *Reader) U32() uint32 {
	if b := r.Bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// U64 reads a number.
func (r *Reader) U64() uint64 {
	if b := r.Bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// Skip passes over n bytes.
func (r *Reader) Skip(n int) { r.Bytes(n) }

// Bytes reads n bytes, or nil.
func (r *Reader) Bytes(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.short = true
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

// Text reads bytes up to a zero byte.
func (r *Reader) Text() string {
	for i, c := range r.b {
		if c == 0 {
			text := string(r.b[:i])
			r.b = r.b[i+1:]
			return text
		}
	}
	r.short = true
	return ""
}

// Short says whether something was not there.
func (r *Reader) Short() bool { return r.short }

// AppendAttr appends what is known about a file.
func AppendAttr(b []byte, st *unix.Stat_t) []byte {
	for _, n := range []uint64{
		st.Ino, uint64(st.Size), uint64(st.Blocks), uint64(st.Atim.Sec), uint64(st.Mtim.Sec), uint64(st.Ctim.Sec),
	} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	for _, n := range []uint32{
		uint32(st.Atim.Nsec), uint32(st.Mtim.Nsec), uint32(st.Ctim.Nsec),
		st.Mode, uint32(st.Nlink), st.Uid, st.Gid, uint32(st.Rdev), uint32(st.Blksize), 0,
	} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return b
}
