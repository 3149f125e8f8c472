package usernet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

const (
	lengthSize = 4       // of a frame, before it
	maxFrame   = 69632   // QEMU's largest packet
	readSize   = 1 << 19 // several frames
	maxWriters = 1024    // that wait for the guest to take frames
)

// link is the VM's cable: Ethernet frames behind their lengths, as QEMU's "stream" sends them.
type link struct {
	conn io.ReadWriter
	mtu  uint32
	mac  tcpip.LinkAddress
	seen func(frame []byte) bool // whether a frame of the guest is let in
	sent func(bytes int)         // told of each frame that goes to the guest

	mu         sync.RWMutex
	dispatcher stack.NetworkDispatcher

	writers atomic.Int32
	write   sync.Mutex
	out     []byte
}

// receive delivers frames until the connection ends.
func (l *link) receive() error {
	buf := make([]byte, readSize)
	have := 0
	for {
		n, err := l.conn.Read(buf[have:])
		have += n
		used := 0
		for have-used >= lengthSize {
			length := int(binary.BigEndian.Uint32(buf[used:]))
			if length > maxFrame {
				return fmt.Errorf("a frame of %d bytes", length)
			}
			if have-used < lengthSize+length {
				break
			}
			l.deliver(buf[used+lengthSize : used+lengthSize+length])
			used += lengthSize + length
		}
		copy(buf, buf[used:have])
		have -= used
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

func (l *link) deliver(frame []byte) {
	if !l.seen(frame) {
		return
	}
	l.mu.RLock()
	dispatcher := l.dispatcher
	l.mu.RUnlock()
	if dispatcher == nil {
		return
	}
	packet := stack.NewPacketBuffer(stack.PacketBufferOptions{
		Payload: buffer.MakeWithView(buffer.NewViewWithData(frame)),
	})
	defer packet.DecRef()
	dispatcher.DeliverNetworkPacket(0, packet)
}

// WritePackets implements stack.LinkWriter. What is beyond the queue is dropped, as on any link: the resets for a
// guest that begins connections and takes nothing have nobody else who bounds them.
func (l *link) WritePackets(packets stack.PacketBufferList) (int, tcpip.Error) {
	defer l.writers.Add(-1)
	if l.writers.Add(1) > maxWriters {
		return 0, &tcpip.ErrNoBufferSpace{}
	}
	l.write.Lock()
	defer l.write.Unlock()
	l.out = l.out[:0]
	for _, packet := range packets.AsSlice() {
		start := len(l.out)
		l.out = append(l.out, 0, 0, 0, 0)
		for _, slice := range packet.AsSlices() {
			l.out = append(l.out, slice...)
		}
		size := len(l.out) - start - lengthSize
		binary.BigEndian.PutUint32(l.out[start:], uint32(size))
		l.sent(size)
	}
	if _, err := l.conn.Write(l.out); err != nil {
		return 0, &tcpip.ErrAborted{} // the reader ends, too
	}
	return packets.Len(), nil
}

// MTU implements stack.LinkEndpoint: with the Ethernet header.
func (l *link) MTU() uint32 { return l.mtu + header.EthernetMinimumSize }

// SetMTU implements stack.LinkEndpoint.
func (l *link) SetMTU(uint32) {}

// MaxHeaderLength implements stack.LinkEndpoint.
func (l *link) MaxHeaderLength() uint16 { return 0 }

// LinkAddress implements stack.LinkEndpoint.
func (l *link) LinkAddress() tcpip.LinkAddress { return l.mac }

// SetLinkAddress implements stack.LinkEndpoint.
func (l *link) SetLinkAddress(tcpip.LinkAddress) {}

// Capabilities implements stack.LinkEndpoint. What comes over a local socket is as it was sent.
func (l *link) Capabilities() stack.LinkEndpointCapabilities {
	return stack.CapabilityRXChecksumOffload
}

// Attach implements stack.LinkEndpoint.
func (l *link) Attach(dispatcher stack.NetworkDispatcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dispatcher = dispatcher
}

// IsAttached implements stack.LinkEndpoint.
func (l *link) IsAttached() bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.dispatcher != nil
}

// Wait implements stack.LinkEndpoint.
func (l *link) Wait() {}

// ARPHardwareType implements stack.LinkEndpoint.
func (l *link) ARPHardwareType() header.ARPHardwareType { return header.ARPHardwareNone }

// AddHeader implements stack.LinkEndpoint.
func (l *link) AddHeader(*stack.PacketBuffer) {}

// ParseHeader implements stack.LinkEndpoint.
func (l *link) ParseHeader(*stack.PacketBuffer) bool { return true }

// Close implements stack.LinkEndpoint.
func (l *link) Close() {}

// SetOnCloseAction implements stack.LinkEndpoint.
func (l *link) SetOnCloseAction(func()) {}
