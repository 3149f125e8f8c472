// Command probe is both ends of the tests of what boxes reach. "probe serve CERT KEY ADDRESS..." serves at
// each address HTTP (80), HTTPS (443, and 8443 by HTTP/1.1 only), UDP echo (7) and TCP echo (9, 19), and prints
// a JSON line of all that arrives there. "probe attack ALLOWED FORBIDDEN" runs in a box and tries to get past its
// rules, "probe turn OLD MOVED" there uses names whose addresses change: a line "NAME: RESULT" of each attempt.
package main

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

func main() {
	switch {
	case len(os.Args) > 4 && os.Args[1] == "serve":
		serve(os.Args[2], os.Args[3], os.Args[4:])
	case len(os.Args) == 4 && os.Args[1] == "attack":
		attack(os.Args[2], os.Args[3])
	case len(os.Args) == 4 && os.Args[1] == "turn":
		turn(os.Args[2], os.Args[3])
	default:
		log.Fatal("usage: probe serve CERT KEY ADDRESS... | probe attack ALLOWED FORBIDDEN | probe turn OLD MOVED")
	}
}

// arrival is what a server got.
type arrival struct {
	At      string              `json:"at"`
	Kind    string              `json:"kind"`
	Host    string              `json:"host,omitempty"`
	Target  string              `json:"target,omitempty"`
	Name    string              `json:"name,omitempty"` // that TLS asked for
	Headers map[string][]string `json:"headers,omitempty"`
	Body    string              `json:"body,omitempty"`
}

var lines sync.Mutex

func tell(a arrival) {
	lines.Lock()
	defer lines.Unlock()
	json.NewEncoder(os.Stdout).Encode(a)
}

func serve(cert, key string, addresses []string) {
	for _, address := range addresses {
		plain, err := net.Listen("tcp4", address+":80")
		check(err)
		go http.Serve(connections{plain}, handler(address))
		tls, err := net.Listen("tcp4", address+":443")
		check(err)
		go http.ServeTLS(connections{tls}, handler(address), cert, key)
		only, err := net.Listen("tcp4", address+":8443")
		check(err)
		old := &http.Server{Handler: handler(address), Protocols: new(http.Protocols)}
		old.Protocols.SetHTTP1(true)
		go old.ServeTLS(connections{only}, cert, key)
		for _, port := range []string{":9", ":19"} {
			echo, err := net.Listen("tcp4", address+port)
			check(err)
			go echoStreams(echo)
		}
		datagrams, err := net.ListenPacket("udp4", address+":7")
		check(err)
		go echoDatagrams(datagrams)
	}
	fmt.Println("{}") // all listen
	io.Copy(io.Discard, os.Stdin)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// connections tells of each, whatever comes of it.
type connections struct{ net.Listener }

func (c connections) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		tell(arrival{At: c.Addr().String(), Kind: "connection"})
	}
	return conn, err
}

func handler(address string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a := arrival{At: address, Kind: r.Proto, Host: r.Host, Target: r.RequestURI, Headers: r.Header, Body: string(body)}
		if r.TLS != nil {
			a.Name = r.TLS.ServerName
		}
		tell(a)
		switch {
		case r.URL.Path == "/redirect":
			http.Redirect(w, r, "https://other.test/there", http.StatusTemporaryRedirect)
		case r.Header.Get("Upgrade") == "websocket":
			webSocket(w, r)
		case r.URL.Path == "/events":
			events(w)
		default:
			json.NewEncoder(w).Encode(a)
		}
	})
}

// events sends three, each by itself.
func events(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/event-stream")
	for i := range 3 {
		fmt.Fprintf(w, "data: %d\n\n", i)
		w.(http.Flusher).Flush()
		time.Sleep(20 * time.Millisecond) // the next one is to be another piece
	}
}

// webSocket sends back each small frame, unmasked. RFC 6455.
func webSocket(w http.ResponseWriter, r *http.Request) {
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	digest := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(digest[:]))
	for {
		head := make([]byte, 6)
		if _, err := io.ReadFull(buffered, head); err != nil {
			return
		}
		payload := make([]byte, head[1]&0x7f)
		if _, err := io.ReadFull(buffered, payload); err != nil {
			return
		}
		for i := range payload {
			payload[i] ^= head[2+i%4]
		}
		conn.Write(append([]byte{head[0], byte(len(payload))}, payload...))
	}
}

func echoStreams(listener net.Listener) {
	for {
		conn, err := connections{listener}.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			io.Copy(conn, conn)
		}()
	}
}

func echoDatagrams(conn net.PacketConn) {
	buf := make([]byte, 65536)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		tell(arrival{At: conn.LocalAddr().String(), Kind: "datagram", Body: string(buf[:n])})
		conn.WriteTo(buf[:n], from)
	}
}
