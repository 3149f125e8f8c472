package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// frames is a connection of HTTP/2 that sends whatever it is told.
type frames struct {
	net.Conn
	*http2.Framer
}

// openFrames connects by TLS for a name.
func openFrames(address, name string, protocols ...string) (frames, error) {
	conn, err := net.DialTimeout("tcp4", address, limit)
	if err != nil {
		return frames{}, err
	}
	conn.SetDeadline(time.Now().Add(2 * limit))
	secured := tls.Client(conn, &tls.Config{ServerName: name, InsecureSkipVerify: true, NextProtos: protocols})
	if err := secured.Handshake(); err != nil {
		conn.Close()
		return frames{}, err
	}
	return begin(secured), nil
}

func begin(conn net.Conn) frames {
	io.WriteString(conn, http2.ClientPreface)
	f := frames{conn, http2.NewFramer(conn, conn)}
	f.AllowIllegalWrites = true
	f.WriteSettings()
	return f
}

// block is a head as HPACK has it, of names and values in turn, whatever they are.
func block(fields ...string) []byte {
	var out bytes.Buffer
	encoder := hpack.NewEncoder(&out)
	for i := 0; i < len(fields); i += 2 {
		encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1], Sensitive: true})
	}
	return out.Bytes()
}

func (f frames) head(stream uint32, end bool, fields ...string) error {
	return f.WriteHeaders(http2.HeadersFrameParam{
		StreamID: stream, BlockFragment: block(fields...), EndHeaders: true, EndStream: end})
}

// result is the status of a stream's response, or how the stream or the connection ended.
func (f frames) result(stream uint32) string {
	status := ""
	decoder := hpack.NewDecoder(4096, func(field hpack.HeaderField) {
		if field.Name == ":status" {
			status = field.Value
		}
	})
	decoder.SetAllowedMaxDynamicTableSize(1<<32 - 1)
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return ended(err)
		}
		switch frame := frame.(type) {
		case *http2.HeadersFrame:
			decoder.Write(frame.HeaderBlockFragment())
			if frame.StreamID == stream && !strings.HasPrefix(status, "1") {
				return status
			}
		case *http2.RSTStreamFrame:
			if frame.StreamID == stream {
				return "reset"
			}
		case *http2.GoAwayFrame:
			return "cut"
		}
	}
}

// ended is how a connection ended. A reset and an end are one thing: which of them it is, is chance.
func ended(err error) string {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return "timeout"
	}
	return "cut"
}

// head2 is that of a right request, with other fields in the place of its own, and more.
func head2(path string, more ...string) []string {
	fields := []string{":method", "GET", ":scheme", "https", ":authority", "allowed.test", ":path", path, "x-key", secret}
	var rest []string
	for i := 0; i < len(more); i += 2 {
		replaced := false
		for j := 0; j < len(fields); j += 2 {
			if strings.HasPrefix(more[i], ":") && fields[j] == more[i] {
				fields[j+1], replaced = more[i+1], true
			}
		}
		switch {
		case replaced:
		case strings.HasPrefix(more[i], ":"):
			fields = append([]string{more[i], more[i+1]}, fields...)
		default:
			rest = append(rest, more[i], more[i+1])
		}
	}
	return append(fields, rest...)
}

// ask2 makes one request: a head, and, when there is one, what comes behind it.
func ask2(address string, head []string, behind func(f frames)) string {
	f, err := openFrames(address+":443", "allowed.test", "h2")
	if err != nil {
		return kind(err)
	}
	defer f.Close()
	f.head(1, behind == nil, head...)
	if behind != nil {
		behind(f)
	}
	return f.result(1)
}

func http2s(allowed string) {
	report("h2 right", ask2(allowed, head2("/right"), nil))
	heads2(allowed)
	bodies2(allowed)
	floods2(allowed)
	plain2(allowed)
	elsewhere2(allowed)
	report("h2 still", ask2(allowed, head2("/right"), nil))
}

// heads2 are requests that name another host, or that another reader could take for another request.
func heads2(allowed string) {
	injected := "a\r\nhost: other.test\r\nx: "
	for name, more := range map[string][]string{
		"authority other":          {":authority", "other.test"},
		"authority with user":      {":authority", "allowed.test@other.test"},
		"authority list":           {":authority", "allowed.test, other.test"},
		"authority placeholder":    {":authority", secret},
		"authority placeholders":   {":authority", secret + ".allowed.test"},
		"authority injected":       {":authority", "allowed.test\r\nhost: other.test"},
		"authority nul":            {":authority", "allowed.test\x00.other.test"},
		"authority empty":          {":authority", ""},
		"host other":               {"host", "other.test"},
		"host twice":               {"host", "allowed.test", "host", "other.test"},
		"host placeholder":         {"host", secret},
		"method connect":           {":method", "CONNECT", ":authority", "other.test:443"},
		"method injected":          {":method", "GET /smuggled HTTP/1.1\r\nHost: other.test\r\n\r\nGET"},
		"method blank":             {":method", "GET /smuggled HTTP/1.1"},
		"method placeholder":       {":method", secret},
		"extended connect":         {":method", "CONNECT", ":protocol", "websocket"},
		"protocol":                 {":protocol", "websocket"},
		"scheme http":              {":scheme", "http"},
		"scheme address":           {":scheme", "https://other.test/smuggled?"},
		"scheme placeholder":       {":scheme", secret},
		"path absolute":            {":path", "https://other.test/wrong"},
		"path blank":               {":path", "/wrong HTTP/1.1"},
		"path injected":            {":path", "/wrong\r\nhost: other.test"},
		"path without slash":       {":path", "@other.test/wrong"},
		"path empty":               {":path", ""},
		"pseudo unknown":           {":host", "other.test"},
		"status":                   {":status", "200"},
		"value cr lf":              {"x", injected},
		"value lf":                 {"x", "a\nhost: other.test"},
		"value cr":                 {"x", "a\rhost: other.test"},
		"value nul":                {"x", "a\x00b"},
		"name cr lf":               {"x\r\nhost", "other.test"},
		"name colon":               {"host: other.test\r\nx", "a"},
		"name upper":               {"Host", "other.test"},
		"name blank":               {"host ", "other.test"},
		"name empty":               {"", "other.test"},
		"connection":               {"connection", "host"},
		"te":                       {"te", "chunked"},
		"upgrade":                  {"upgrade", "h2c"},
		"transfer-encoding":        {"transfer-encoding", "chunked"},
		"transfer-encoding hidden": {"transfer-encoding\t", "chunked"},
		"length negative":          {"content-length", "-1"},
		"length twice":             {"content-length", "0", "content-length", "5"},
		"length list":              {"content-length", "0, 5"},
	} {
		report("h2 "+name, ask2(allowed, head2("/wrong", more...), nil))
	}
	none := head2("/wrong", "host", "other.test")
	report("h2 host alone", ask2(allowed, append(none[:4:4], none[6:]...), nil))
	report("h2 authorities", ask2(allowed, append([]string{":authority", "other.test"}, head2("/wrong")...), nil))
	report("h2 authority last", ask2(allowed, append(head2("/wrong"), ":authority", "other.test"), nil))
	report("h2 paths", ask2(allowed, append([]string{":path", "/right"}, head2("/wrong")...), nil))
	report("h2 path placeholder", ask2(allowed, head2("/"+secret), nil))
}

// bodies2 are requests whose body, or what comes behind it, is not what the head said.
func bodies2(allowed string) {
	hidden := []byte("0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: other.test\r\nX-Key: " + secret + "\r\n\r\n")
	// Heads go on before the end of the body is known: to the right host, and the stream is reset.
	post := func(more ...string) []string { return head2("/right", append([]string{":method", "POST"}, more...)...) }
	data := func(f frames) { f.WriteData(1, true, hidden) }
	report("h2 body longer", ask2(allowed, post("content-length", "5"), data))
	report("h2 body shorter", ask2(allowed, post("content-length", "5000"), data))
	report("h2 body none", ask2(allowed, post("content-length", "5"), nil))
	report("h2 body chunked", ask2(allowed, post("transfer-encoding", "chunked"), data))
	for name, trailer := range map[string][]string{
		"pseudo": {":authority", "other.test"}, "host": {"host", "other.test"},
		"length": {"content-length", "5"}, "injected": {"x", "a\r\nhost: other.test"},
	} {
		report("h2 trailer "+name, ask2(allowed, post(), func(f frames) {
			f.WriteData(1, false, hidden)
			f.head(1, true, trailer...)
		}))
	}
	report("h2 padded by nothing", ask2(allowed, post(), func(f frames) { f.WriteDataPadded(1, true, []byte("b"), []byte{}) }))
	report("h2 padded beyond", ask2(allowed, post(), func(f frames) {
		f.WriteRawFrame(http2.FrameData, http2.FlagDataPadded|http2.FlagDataEndStream, 1, []byte{200, 'b'})
	}))
	report("h2 body of another stream", ask2(allowed, post(), func(f frames) { f.WriteData(3, true, hidden) }))
	report("h2 head amid a head", ask2(allowed, post(), func(f frames) {
		f.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, BlockFragment: block(head2("/wrong")...)})
		f.head(5, true, head2("/wrong")...)
	}))
}

// floods2 cost whoever serves them more than whoever sends them.
func floods2(allowed string) {
	flood := func(name string, last uint32, send func(f frames) error) {
		f, err := openFrames(allowed+":443", "allowed.test", "h2")
		if err != nil {
			report("h2 flood of "+name, kind(err))
			return
		}
		defer f.Close()
		// What is sent after the end of the connection fails, and takes what came before with it.
		result := "cut"
		if send(f) == nil {
			result = f.result(last)
		}
		report("h2 flood of "+name, result)
	}
	many := func(count int, send func(i int) error) error {
		for i := range count {
			if err := send(i); err != nil {
				return err
			}
		}
		return nil
	}
	begun := func(f frames) {
		f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block(head2("/wrong")...)})
	}
	flood("small continuations", 1, func(f frames) error {
		begun(f)
		return many(10_000, func(int) error { return f.WriteContinuation(1, false, nil) })
	})
	flood("large continuations", 1, func(f frames) error {
		begun(f)
		large := block("x", strings.Repeat("x", 15_000))
		return many(1000, func(int) error { return f.WriteContinuation(1, false, large) })
	})
	flood("resets", 1, func(f frames) error {
		return many(5000, func(i int) error {
			f.head(uint32(2*i+3), true, head2("/right")...)
			return f.WriteRSTStream(uint32(2*i+3), http2.ErrCodeCancel)
		})
	})
	flood("settings", 1, func(f frames) error {
		return many(20_000, func(i int) error {
			return f.WriteSettings(http2.Setting{ID: http2.SettingHeaderTableSize, Val: uint32(i)})
		})
	})
	flood("empty data", 1, func(f frames) error {
		f.head(1, false, head2("/right", ":method", "POST")...)
		return many(10_000, func(int) error { return f.WriteDataPadded(1, false, nil, []byte{}) })
	})
	flood("windows", 1, func(f frames) error {
		return many(10, func(int) error { return f.WriteWindowUpdate(0, 1<<31-1) })
	})
	flood("references", 1, func(f frames) error {
		var out bytes.Buffer
		encoder := hpack.NewEncoder(&out)
		for range 2000 { // from the second on a byte each
			encoder.WriteField(hpack.HeaderField{Name: "x", Value: strings.Repeat("x", 3000)})
		}
		return f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndHeaders: true, EndStream: true,
			BlockFragment: append(block(head2("/wrong")...), out.Bytes()...)})
	})
	flood("tables", 1, func(f frames) error {
		return f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndHeaders: true, EndStream: true,
			BlockFragment: append([]byte{0x3f, 0xe1, 0xff, 0xff, 0xff, 0x07}, block(head2("/wrong")...)...)})
	})
	flood("heads without bodies", 1001, func(f frames) error {
		filler := strings.Repeat("x", 15_000)
		f.WriteSettings(http2.Setting{ID: http2.SettingHeaderTableSize, Val: 1<<32 - 1})
		err := many(100, func(i int) error {
			return f.head(uint32(2*i+3), false, head2("/wrong", ":method", "POST", "content-length", "9", "x", filler)...)
		})
		if err != nil {
			return err
		}
		return f.head(1001, true, head2("/right")...)
	})
}

// plain2 speaks HTTP/2 without TLS.
func plain2(allowed string) {
	conn, err := net.DialTimeout("tcp4", allowed+":80", limit)
	if err != nil {
		report("h2c", kind(err))
		return
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(limit))
	f := begin(conn)
	f.head(1, true, head2("/wrong", ":scheme", "http", ":authority", "other.test")...)
	first := make([]byte, 12)
	n, err := io.ReadFull(conn, first)
	report("h2c", fmt.Sprintf("%s %s", first[:n], ended(err))[:12])
	upgrade := "GET /right HTTP/1.1\r\nHost: allowed.test\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n"
	var frames bytes.Buffer
	framer := http2.NewFramer(&frames, nil)
	framer.WriteSettings()
	framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, EndHeaders: true, EndStream: true,
		BlockFragment: block(head2("/wrong", ":scheme", "http", ":authority", "other.test")...)})
	report("h2c after an upgrade", request(allowed, upgrade+http2.ClientPreface+frames.String()))
}

// elsewhere2 is a server that speaks HTTP/1.1 only: what a proxy would have to write anew.
func elsewhere2(allowed string) {
	for name, protocols := range map[string][]string{"only": {"h2"}, "too": {"h2", "http/1.1"}} {
		f, err := openFrames(allowed+":8443", "allowed.test", protocols...)
		if err != nil {
			report("h2 "+name+" to a server of 1.1", kind(err))
			continue
		}
		spoken := f.Conn.(*tls.Conn).ConnectionState().NegotiatedProtocol
		f.head(1, true, head2("/wrong", "x", "a\r\ntransfer-encoding: chunked")...)
		report("h2 "+name+" to a server of 1.1", strings.TrimSpace(spoken+" "+f.result(1)))
		f.Close()
	}
}
