// Command boxlite-initramfs writes the initial RAM file system of a box's VM to standard output: a
// gzip-compressed cpio archive with the agent as /init and kernel modules in /modules, where the
// file "load" lists them in the order of the arguments. The same input gives the same bytes.
//
//	boxlite-initramfs AGENT MODULE…
package main

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
)

const (
	directory = 0o040755
	program   = 0o100755
	plain     = 0o100644
	device    = 0o020600
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("usage: boxlite-initramfs AGENT MODULE... >FILE")
	}
	if err := write(os.Stdout, os.Args[1], os.Args[2:]); err != nil {
		log.Fatal("boxlite-initramfs: ", err)
	}
}

func write(to io.Writer, agent string, modules []string) error {
	// The kernel inflates it at every boot: best size, since inflating costs the same.
	zip, err := gzip.NewWriterLevel(to, gzip.BestCompression)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(zip, 1<<20)
	a := archive{out: out}
	a.add("dev", directory, nil, 0, 0)
	a.add("dev/console", device, nil, 5, 1) // the kernel opens it as the agent's first files
	a.add("modules", directory, nil, 0, 0)
	list := ""
	for _, module := range modules {
		list += filepath.Base(module) + "\n"
		a.addFile("modules/"+filepath.Base(module), plain, module)
	}
	a.add("modules/load", plain, []byte(list), 0, 0)
	a.addFile("init", program, agent)
	a.add("TRAILER!!!", 0, nil, 0, 0)
	if a.err != nil {
		return a.err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return zip.Close()
}

// archive writes the "newc" format: for each entry a header of hexadecimal numbers, the name and
// the content, each padded to four bytes.
type archive struct {
	out   io.Writer
	inode int
	err   error
}

func (a *archive) addFile(name string, mode int, from string) {
	content, err := os.ReadFile(from)
	if err != nil && a.err == nil {
		a.err = err
	}
	a.add(name, mode, content, 0, 0)
}

func (a *archive) add(name string, mode int, content []byte, major, minor int) {
	if a.err != nil {
		return
	}
	a.inode++
	header := "070701"
	for _, n := range []int{a.inode, mode, 0, 0, 1, 0, len(content), 0, 0, major, minor, len(name) + 1, 0} {
		header += fmt.Sprintf("%08x", n)
	}
	header += name + "\x00"
	for _, b := range [][]byte{[]byte(header), content} {
		if _, err := a.out.Write(append(b, make([]byte, -len(b)&3)...)); err != nil {
			a.err = err
			return
		}
	}
}
