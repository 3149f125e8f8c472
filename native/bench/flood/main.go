// Command flood is what bench/network runs in a box that behaves badly. It floods until it is killed.
//
//	flood spin                  a CPU, and no network at all
//	flood syn ADDRESS PORT      TCP segments that begin connections and never go on
//	flood dns ADDRESS PORT      questions for names that nobody has asked for
//	flood udp ADDRESS PORT      full datagrams, to many ports
//	flood flows ADDRESS PORT    ten thousand connections, which are kept open
package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const connections = 10_000

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "flood:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) == 1 && arguments[0] == "spin" {
		for {
		}
	}
	if len(arguments) != 3 {
		return fmt.Errorf("usage: flood spin | syn|dns|udp|flows ADDRESS PORT")
	}
	address, err := netip.ParseAddr(arguments[1])
	if err != nil {
		return err
	}
	port, err := strconv.ParseUint(arguments[2], 10, 16)
	if err != nil {
		return err
	}
	target := netip.AddrPortFrom(address, uint16(port))
	switch arguments[0] {
	case "syn":
		return syn(target)
	case "dns":
		return dns(target)
	case "udp":
		return udp(target)
	case "flows":
		return flows(target)
	}
	return fmt.Errorf("no flood %q", arguments[0])
}

// syn sends headers as RFC 9293 section 3.1 has them. The kernel answers what comes back by RST.
func syn(target netip.AddrPort) error {
	conn, err := net.Dial("ip4:tcp", target.Addr().String())
	if err != nil {
		return err
	}
	from := netip.MustParseAddr(conn.LocalAddr().String())
	for {
		header := make([]byte, 20)
		binary.BigEndian.PutUint16(header, uint16(1024+rand.IntN(60000)))
		binary.BigEndian.PutUint16(header[2:], target.Port())
		binary.BigEndian.PutUint32(header[4:], rand.Uint32())
		header[12], header[13] = 5<<4, 2
		binary.BigEndian.PutUint16(header[14:], 65535)
		binary.BigEndian.PutUint16(header[16:], checksum(from, target.Addr(), header))
		conn.Write(header) // fails while there is no room for more
	}
}

func checksum(from, to netip.Addr, segment []byte) uint16 {
	covered := append(from.AsSlice(), to.AsSlice()...)
	covered = append(covered, 0, unix.IPPROTO_TCP, 0, byte(len(segment)))
	covered = append(covered, segment...)
	var sum uint32
	for i := 0; i < len(covered); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(covered[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

func dns(target netip.AddrPort) error {
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(target))
	if err != nil {
		return err
	}
	for {
		question := binary.BigEndian.AppendUint16(nil, uint16(rand.Uint32()))
		question = append(question, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0)
		name := fmt.Sprintf("n%015x", rand.Uint64N(1<<60))
		question = append(append(question, byte(len(name))), name...)
		question = append(question, "\x07example\x03com\x00\x00\x01\x00\x01"...)
		conn.Write(question)
	}
}

func udp(target netip.AddrPort) error {
	conn, err := net.ListenUDP("udp4", nil)
	if err != nil {
		return err
	}
	data := make([]byte, 1400)
	for port := target.Port(); ; port++ {
		conn.WriteToUDPAddrPort(data, netip.AddrPortFrom(target.Addr(), max(port, 1)))
	}
}

func flows(target netip.AddrPort) error {
	open := make(chan net.Conn, connections)
	for range 64 {
		go func() {
			for {
				conn, err := net.DialTimeout("tcp4", target.String(), 10*time.Second)
				if err != nil {
					continue
				}
				select {
				case open <- conn:
				default: // the oldest makes room
					(<-open).Close()
					open <- conn
				}
			}
		}()
	}
	select {}
}
