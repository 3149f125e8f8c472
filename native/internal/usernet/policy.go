package usernet

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	answerLimit    = 5 * time.Second
	dnsAnswerLimit = 15 * time.Second
	maxWaiting     = 1024 // questions
	maxLine        = 128 << 10
	maxQueue       = 4096 // lines that the supervisor has not read yet
	writeLimit     = 10 * time.Second
	// Flows and questions that a box may begin in a second for long, and at once: the supervisor is
	// there for all boxes, and takes about 0.1 ms for each.
	beginRate  = 2000
	beginBurst = 2000
)

// question is what the supervisor is asked.
type question struct {
	ID       uint64 `json:"id"`
	Kind     string `json:"kind"`
	Address  string `json:"address,omitempty"`
	Port     uint16 `json:"port,omitempty"`
	Flow     uint64 `json:"flow,omitempty"`
	Protocol string `json:"protocol,omitempty"`
	Data     []byte `json:"data,omitempty"`
}

// answer is what it says.
type answer struct {
	ID      uint64 `json:"id"`
	Verdict string `json:"verdict"`
	Address string `json:"address"`
	Port    uint16 `json:"port"`
	Socket  string `json:"socket"`
	Header  string `json:"header"`
	Tag     string `json:"tag"`
	WaitMS  int    `json:"wait_ms"`
	Data    []byte `json:"data"`
}

// closedMessage says that a flow has ended.
type closedMessage struct {
	Flow     uint64 `json:"flow"`
	Tag      string `json:"tag"`
	Sent     int64  `json:"sent"`
	Received int64  `json:"received"`
	Error    string `json:"error,omitempty"`
}

// deniedMessage says that something was refused here.
type deniedMessage struct {
	Kind    string `json:"kind"`
	Address string `json:"address"`
	Port    uint16 `json:"port"`
	Reason  string `json:"reason"`
}

// The verdict of the default, when no supervisor answers.
const byDefault = "default"

// policy asks the supervisor, of which there is one or none.
type policy struct {
	figures *figures
	pace    *rate.Limiter

	mu      sync.Mutex
	allow   bool
	peer    *peer
	next    uint64
	waiting map[uint64]chan answer
}

func (p *policy) init(allow bool, figures *figures) {
	p.allow, p.figures, p.waiting = allow, figures, map[uint64]chan answer{}
	p.pace = rate.NewLimiter(beginRate, beginBurst)
}

func (p *policy) id() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	return p.next
}

func (p *policy) setDefault(allow bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.allow = allow
}

func (p *policy) allows() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.allow
}

// connect makes a peer the supervisor, in place of the one before.
func (p *policy) connect(next *peer) {
	p.mu.Lock()
	before := p.peer
	p.peer = next
	p.mu.Unlock()
	if before != nil {
		before.close()
	}
}

func (p *policy) disconnect(gone *peer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.peer == gone {
		p.peer = nil
	}
}

// ask waits for its turn and for an answer; its verdict is byDefault when none comes.
func (p *policy) ask(ctx context.Context, q question, limit time.Duration) answer {
	if p.pace.Wait(ctx) != nil {
		return answer{Verdict: "deny"} // all ends
	}
	p.mu.Lock()
	peer := p.peer
	if peer == nil || len(p.waiting) >= maxWaiting {
		busy := peer != nil
		p.mu.Unlock()
		if busy {
			if q.Address != "" { // of a flow
				p.tell(deniedMessage{q.Kind, q.Address, q.Port, "too many questions wait"})
			}
			return answer{Verdict: "deny"}
		}
		return answer{Verdict: byDefault}
	}
	answered := make(chan answer, 1)
	p.waiting[q.ID] = answered
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.waiting, q.ID)
	}()
	if !peer.send("ask", q) {
		return answer{Verdict: byDefault}
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case a := <-answered:
		return a
	case <-peer.gone:
	case <-timer.C:
	}
	return answer{Verdict: byDefault}
}

// take hands an answer to who waits for it.
func (p *policy) take(a answer) {
	p.mu.Lock()
	waits := p.waiting[a.ID]
	delete(p.waiting, a.ID)
	p.mu.Unlock()
	if waits != nil {
		waits <- a
	}
}

// tell lets the supervisor know, if there is one that keeps up.
func (p *policy) tell(message any) {
	p.mu.Lock()
	peer := p.peer
	p.mu.Unlock()
	if peer == nil {
		return
	}
	switch message.(type) {
	case closedMessage:
		peer.send("closed", message)
	case deniedMessage:
		peer.send("denied", message)
	}
}

func (p *policy) denied(kind, address string, port uint16, reason string) {
	p.figures.Denials.Add(1)
	p.tell(deniedMessage{kind, address, port, reason})
}

// send queues a line; no when the supervisor has gone or does not keep up.
func (s *peer) send(kind string, message any) bool {
	line, err := json.Marshal(map[string]any{kind: message})
	if err != nil || len(line) >= maxLine {
		return false
	}
	select {
	case <-s.gone:
		return false
	case s.out <- append(line, '\n'):
		return true
	default:
		return false
	}
}
