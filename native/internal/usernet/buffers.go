package usernet

import (
	"math/bits"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// SoftMemory is from where on a process that is a box's network should rather collect garbage. Its memory stays
// below BoundMemory, whatever the guest does (TestMemoryStaysBounded).
const (
	SoftMemory  = 288 << 20
	BoundMemory = 384 << 20
)

// What all flows of a box may hold is bounded by having each hold less the more there are: a guest
// can leave unread what comes, and know servers that leave unread what it sends.
const (
	allBuffers  = 8 << 20 // of one direction, while no flow has less than leastBuffer
	mostBuffer  = 1 << 20
	leastBuffer = 7 << 10 // with its headers a segment of it takes a chunk of 8 KiB in the stack

	// When nothing has come from a guest's connection for so long it is asked whether it is there, and ends
	// after as many questions without an answer. Half of a connection may be closed and its end lost.
	keepaliveIdle     = 10 * time.Minute
	keepaliveInterval = time.Minute
	keepaliveCount    = 9
)

// bufferFor is what one direction of one of so many flows may hold: steps of two, so that it seldom changes.
func bufferFor(flows int) int {
	steps := 1 << bits.Len(uint(max(flows, 1)-1))
	return min(max(allBuffers/steps, leastBuffer), mostBuffer)
}

// sized notes how many flows there are. Buffers grow again only when they could be four times as
// large: a number of flows that goes up and down does not have them all resized each time.
func (n *Network) sized(flows int) {
	now, right := int(n.buffer.Load()), bufferFor(flows)
	if right < now || right >= 4*now {
		n.buffer.Store(int64(right))
		select {
		case n.reshare <- struct{}{}:
		default: // it will see the new size
		}
	}
}

// share resizes the buffers of what is open, until the network ends. It has a goroutine of its own, since
// an endpoint may be busy for as long as its guest takes nothing.
func (n *Network) share() {
	for {
		select {
		case <-n.ctx.Done():
			return
		case <-n.reshare:
		}
		n.mu.Lock()
		open := make([]tcpip.Endpoint, 0, len(n.flows))
		for _, f := range n.flows {
			if f.guest != nil {
				open = append(open, f.guest)
			}
		}
		n.mu.Unlock()
		for _, endpoint := range open {
			n.resize(endpoint)
		}
	}
}

// own makes an endpoint a flow's, with the share of memory that flows have now.
func (n *Network) own(f *flow, endpoint tcpip.Endpoint) {
	n.mu.Lock()
	f.guest = endpoint
	n.mu.Unlock()
	n.resize(endpoint) // after it can be found: no change of the share is missed
	idle, interval := tcpip.KeepaliveIdleOption(keepaliveIdle), tcpip.KeepaliveIntervalOption(keepaliveInterval)
	endpoint.SetSockOpt(&idle)
	endpoint.SetSockOpt(&interval)
	endpoint.SetSockOptInt(tcpip.KeepaliveCountOption, keepaliveCount)
	endpoint.SocketOptions().SetKeepAlive(true)
}

func (n *Network) resize(endpoint tcpip.Endpoint) {
	size := n.buffer.Load()
	endpoint.SocketOptions().SetReceiveBufferSize(size, true)
	endpoint.SocketOptions().SetSendBufferSize(size, true)
}

// Buffers for one direction of one connection, only while there is something in them.
var (
	bigBuffers   = sync.Pool{New: func() any { b := make([]byte, 128<<10); return &b }}
	smallBuffers = sync.Pool{New: func() any { b := make([]byte, leastBuffer); return &b }}
)

func (n *Network) pool() *sync.Pool {
	if n.buffer.Load() < 128<<10 {
		return &smallBuffers
	}
	return &bigBuffers
}
