package usernet

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

const (
	maxQuestions  = 256 // of the guest at once; more are dropped, and asked again by the guest
	minQuestion   = 12  // its header
	plainUDP      = 512 // largest answer to a question that says nothing else
	typeOPT       = 41
	truncatedFlag = 2 // in the third byte
	resolvConf    = "/etc/resolv.conf"
)

// serveDNS answers at the gateway.
func (n *Network) serveDNS() error {
	conn, err := gonet.DialUDP(n.stack, &tcpip.FullAddress{NIC: nic, Addr: address(Gateway), Port: dnsPort}, nil, ipv4.ProtocolNumber)
	if err != nil {
		return err
	}
	slots := make(chan struct{}, maxQuestions)
	go func() {
		defer conn.Close()
		buf := make([]byte, 64<<10)
		for {
			count, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			select {
			case slots <- struct{}{}:
			default:
				continue
			}
			question := append([]byte(nil), buf[:count]...)
			go func() {
				defer func() { <-slots }()
				if reply, err := n.resolve("udp", question); err == nil {
					conn.WriteTo(fit(reply, question), from)
				}
			}()
		}
	}()
	go func() {
		<-n.ctx.Done()
		conn.Close()
	}()
	return nil
}

// fit cuts an answer that is larger than the question allows.
func fit(reply, question []byte) []byte {
	most := plainUDP
	// The record that says more is nearly always the last of the question, without data.
	const opt = 11
	if len(question) >= minQuestion+opt {
		record := question[len(question)-opt:]
		if record[0] == 0 && binary.BigEndian.Uint16(record[1:]) == typeOPT {
			most = max(most, int(binary.BigEndian.Uint16(record[3:])))
		}
	}
	if len(reply) <= most {
		return reply
	}
	return withoutAnswers(reply[2]|truncatedFlag, reply[3], question)
}

// withoutAnswers is a reply of header and question: resolvers overlook one that does not repeat
// what they asked.
func withoutAnswers(flags, more byte, question []byte) []byte {
	reply := append(question[:2:2], flags, more, 0, 0, 0, 0, 0, 0, 0, 0)
	if asked := firstQuestion(question); asked != nil {
		reply[5] = 1
		reply = append(reply, asked...)
	}
	return reply
}

// firstQuestion is name, type and class of what a message asks; nothing when it is not whole.
func firstQuestion(message []byte) []byte {
	const maxName, maxLabel, typeAndClass = 255, 63, 4
	if len(message) < minQuestion || binary.BigEndian.Uint16(message[4:]) == 0 {
		return nil
	}
	rest := message[minQuestion:]
	for at := 0; at < min(len(rest), maxName); at += 1 + int(rest[at]) {
		switch {
		case rest[at] > maxLabel:
			return nil
		case rest[at] == 0 && at+1+typeAndClass <= len(rest):
			return rest[:at+1+typeAndClass]
		case rest[at] == 0:
			return nil
		}
	}
	return nil
}

func (n *Network) resolve(protocol string, question_ []byte) ([]byte, error) {
	n.figures.DNSQuestions.Add(1)
	if len(question_) < minQuestion {
		return nil, errors.New("too short")
	}
	q := question{ID: n.policy.id(), Kind: "dns", Protocol: protocol, Data: question_}
	a := n.policy.ask(n.ctx, q, dnsAnswerLimit)
	switch {
	case a.Verdict == "dns" && len(a.Data) >= minQuestion:
		return a.Data, nil
	case a.Verdict == byDefault && n.policy.allows():
		return n.relayQuestion(protocol, question_)
	}
	n.figures.Denials.Add(1)
	const response, refused = 0x80, 5
	return withoutAnswers(question_[2]&0x79|response, refused, question_), nil
}

// relayQuestion passes a question on to the host's first resolver.
func (n *Network) relayQuestion(protocol string, question []byte) ([]byte, error) {
	resolver, err := hostResolver()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(n.ctx, answerLimit)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, protocol, netip.AddrPortFrom(resolver, dnsPort).String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	if protocol == "tcp" {
		if err := writeMessage(conn, question); err != nil {
			return nil, err
		}
		return readMessage(conn)
	}
	if _, err := conn.Write(question); err != nil {
		return nil, err
	}
	buf := make([]byte, 64<<10)
	count, err := conn.Read(buf)
	if err == nil && count < minQuestion {
		err = errors.New("too short")
	}
	return buf[:count], err
}

func hostResolver() (netip.Addr, error) {
	file, err := os.Open(resolvConf)
	if err != nil {
		return netip.Addr{}, err
	}
	defer file.Close()
	lines := bufio.NewScanner(io.LimitReader(file, 64<<10))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) >= 2 && fields[0] == "nameserver" {
			if resolver, err := netip.ParseAddr(fields[1]); err == nil {
				return resolver, nil
			}
		}
	}
	return netip.Addr{}, errors.New(resolvConf + " names no resolver")
}

func readMessage(from io.Reader) ([]byte, error) {
	var length [2]byte
	if _, err := io.ReadFull(from, length[:]); err != nil {
		return nil, err
	}
	message := make([]byte, binary.BigEndian.Uint16(length[:]))
	if len(message) < minQuestion {
		return nil, errors.New("too short")
	}
	_, err := io.ReadFull(from, message)
	return message, err
}

func writeMessage(to io.Writer, message []byte) error {
	_, err := to.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...))
	return err
}

// dnsOverTCP answers one question after the other.
func (n *Network) dnsOverTCP(r *tcp.ForwarderRequest) {
	f, err := n.begin("dns", Gateway.String(), dnsPort)
	if err != nil {
		r.Complete(true)
		return
	}
	defer n.end(f, nil)
	guest, err := n.accept(f, r)
	if err != nil {
		return
	}
	conn := gonet.NewTCPConn(guest.queue, guest.endpoint)
	defer conn.Close()
	f.onCut(guest.endpoint.Abort)
	for n.ctx.Err() == nil {
		conn.SetDeadline(time.Now().Add(dnsIdle))
		question, err := readMessage(conn)
		if err != nil {
			return
		}
		conn.SetDeadline(time.Now().Add(dnsAnswerLimit + dnsIdle))
		reply, err := n.resolve("tcp", question)
		if err != nil || writeMessage(conn, reply) != nil {
			return
		}
	}
}
