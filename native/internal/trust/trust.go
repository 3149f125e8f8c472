// Package trust makes programs of a container trust one more certificate authority.
package trust

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/inroot"
)

const (
	maxFile = 16 << 20 // of certificates that is read
	begin   = "# The authority of this box: docs/secrets.md of BoxLite\n"
	end     = "# End of the authority of this box\n"
)

// bundles are where distributions keep the authorities that programs trust, in PEM. The first is where
// they are put when there are none.
var bundles = []string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Alpine, Arch
	"/etc/pki/tls/certs/ca-bundle.crt",                  // RHEL
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL, what others link to
	"/etc/pki/ca-trust/extracted/openssl/ca-bundle.trust.crt",
	"/etc/ssl/ca-bundle.pem",                 // SUSE
	"/var/lib/ca-certificates/ca-bundle.pem", // SUSE, what others link to
	"/etc/ssl/cert.pem",                      // Alpine's libtls
}

// anchors are what the tools that write bundles anew take from: the first whose directory is there, or the
// last.
var anchors = []string{
	"/etc/pki/ca-trust/source/anchors/boxlite-authority.crt",
	"/usr/share/pki/trust/anchors/boxlite-authority.crt",
	"/usr/local/share/ca-certificates/boxlite-authority.crt",
}

// stores are where Java keeps them; a star is any directory.
var stores = []string{
	"/etc/ssl/certs/java/cacerts", "/etc/pki/java/cacerts", "/etc/pki/ca-trust/extracted/java/cacerts",
	"/var/lib/ca-certificates/java-cacerts",
	"/usr/lib/jvm/*/lib/security/cacerts", "/usr/lib/jvm/*/jre/lib/security/cacerts",
	"/opt/java/*/lib/security/cacerts", "/opt/java/*/jre/lib/security/cacerts",
}

// Variables are those that tell programs of a bundle.
var Variables = []string{"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"}

// Authority is a certificate authority to be trusted.
type Authority struct {
	PEM    []byte // its certificate
	Common []byte // in PEM, what programs shall trust besides when the image has no bundle at all
}

// files finds what there is of the files at patterns and in env: under the names by which they were found.
type files struct {
	root inroot.Root
	seen map[[2]uint64]bool
}

// open returns a regular file that was not returned before; nil when there is none.
func (f *files) open(p string) *file {
	found, err := resolve(f.root, p)
	if err != nil {
		if !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ENOTDIR) {
			log.Printf("trust: %.500q: %v", p, err)
		}
		return nil
	}
	id := [2]uint64{uint64(found.stat.Dev), found.stat.Ino}
	if f.seen[id] {
		found.close()
		return nil
	}
	f.seen[id] = true
	return found
}

// Install makes programs of the root file system trust a, and returns what to add to their environment.
// Authorities of earlier calls go. Nobody may use the file system meanwhile.
func (a *Authority) Install(root inroot.Root, env []string) ([]string, error) {
	bundle, err := a.inBundles(root, env)
	if err != nil {
		return nil, err
	}
	anchor, err := a.asAnchor(root)
	if err != nil {
		return nil, err
	}
	if err := eachStore(root, env, a.inStore); err != nil {
		return nil, err
	}
	more := make([]string, len(Variables))
	for i, name := range Variables {
		more[i] = name + "=" + bundle
	}
	more[len(more)-1] = Variables[len(Variables)-1] + "=" + anchor // beside what Node trusts anyway
	return more, nil
}

// Remove undoes every Install, but for a bundle that the image did not have.
func Remove(root inroot.Root, env []string) error {
	f := files{root, map[[2]uint64]bool{}}
	for _, p := range slices.Concat(bundles, ofEnv(env)) {
		if found := f.open(p); found != nil {
			if err := found.change(func(old []byte) ([]byte, error) { return without(old), nil }); err != nil {
				return fmt.Errorf("%.500q: %w", p, err)
			}
		}
	}
	for _, p := range anchors {
		if err := unlinkMarked(root, p); err != nil {
			return fmt.Errorf("%.500q: %w", p, err)
		}
	}
	return eachStore(root, env, withoutEntry)
}

// inBundles adds a to all bundles, and makes one if there is none. It returns where the first is.
func (a *Authority) inBundles(root inroot.Root, env []string) (string, error) {
	f := files{root, map[[2]uint64]bool{}}
	first := ""
	for i, p := range slices.Concat(bundles, ofEnv(env)) {
		found := f.open(p)
		if found == nil {
			continue
		}
		if err := found.change(a.inBundle); err != nil {
			return "", fmt.Errorf("%.500q: %w", p, err)
		}
		if first == "" && i < len(bundles) {
			first = p
		}
	}
	if first != "" {
		return first, nil
	}
	p := bundles[0]
	content, err := a.inBundle(a.Common)
	if err != nil {
		return "", err
	}
	return p, create(root, p, content)
}

func (a *Authority) inBundle(old []byte) ([]byte, error) {
	rest := without(old)
	if len(rest) > 0 && rest[len(rest)-1] != '\n' {
		rest = append(rest, '\n')
	}
	return slices.Concat(rest, a.marked()), nil
}

func (a *Authority) marked() []byte { return slices.Concat([]byte(begin), a.PEM, []byte(end)) }

// without returns a bundle without what inBundle added. A part that was cut off counts too.
func without(bundle []byte) []byte {
	var rest []byte
	for {
		before, after, found := bytes.Cut(bundle, []byte(begin))
		rest = append(rest, before...)
		if !found {
			return rest
		}
		_, bundle, _ = bytes.Cut(after, []byte(end))
	}
}

// asAnchor keeps a where bundles are made from, so that it is in them when they are made anew.
func (a *Authority) asAnchor(root inroot.Root) (string, error) {
	for i, p := range anchors {
		dir, err := root.Open(path.Dir(p), unix.O_PATH|unix.O_DIRECTORY, 0)
		if err == nil {
			unix.Close(dir)
		}
		if err == nil || i == len(anchors)-1 {
			return p, create(root, p, a.marked())
		}
	}
	panic("no anchors")
}

// ofEnv are the bundles that an image names itself.
func ofEnv(env []string) (found []string) {
	for _, name := range Variables[:len(Variables)-1] {
		for _, e := range env {
			if p, ok := strings.CutPrefix(e, name+"="); ok && path.IsAbs(p) {
				found = append(found, p)
			}
		}
	}
	return found
}

// eachStore changes all of Java's stores. One that cannot be read is left as it is.
func eachStore(root inroot.Root, env []string, change func(old []byte) ([]byte, error)) error {
	f := files{root, map[[2]uint64]bool{}}
	patterns := slices.Clone(stores)
	for _, e := range env {
		if home, ok := strings.CutPrefix(e, "JAVA_HOME="); ok && path.IsAbs(home) {
			patterns = append(patterns, home+"/lib/security/cacerts", home+"/jre/lib/security/cacerts")
		}
	}
	for _, pattern := range patterns {
		for _, p := range expand(root, pattern) {
			found := f.open(p)
			if found == nil {
				continue
			}
			err := found.change(change)
			if errors.Is(err, errStore) {
				log.Printf("trust: %.500q: %v", p, err)
			} else if err != nil {
				return fmt.Errorf("%.500q: %w", p, err)
			}
		}
	}
	return nil
}

func (a *Authority) inStore(old []byte) ([]byte, error) { return withEntry(old, a.PEM) }

var errStore = errors.New("no store of certificates that is known")

func readAll(r io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(content) > maxFile {
		err = fmt.Errorf("more than %d bytes", maxFile)
	}
	return content, err
}
