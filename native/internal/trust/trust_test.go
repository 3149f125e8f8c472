package trust

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"boxlite.io/native/internal/inroot"
)

func certificate(t *testing.T, name string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// rootOf makes a root of files; a content that begins with "->" is a link.
func rootOf(t *testing.T, files map[string]string) (inroot.Root, string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, ok := strings.CutPrefix(content, "->"); ok {
			err = os.Symlink(target, p)
		} else {
			err = os.WriteFile(p, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	root, err := inroot.At(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(int(root)) })
	return root, dir
}

func read(t *testing.T, parts ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func install(t *testing.T, a *Authority, root inroot.Root, env ...string) []string {
	t.Helper()
	more, err := a.Install(root, env)
	if err != nil {
		t.Fatal(err)
	}
	return more
}

func TestBundleHasTheAuthorityOnceAndOnlyTheLast(t *testing.T) {
	const bundle, another = "etc/ssl/certs/ca-certificates.crt", "usr/share/pki/trust/anchors/boxlite-authority.crt"
	root, dir := rootOf(t, map[string]string{bundle: "first"})
	one, two := &Authority{PEM: certificate(t, "one")}, &Authority{PEM: certificate(t, "two")}
	for _, a := range []*Authority{one, one, two, two} {
		if env := install(t, a, root); env[0] != "SSL_CERT_FILE=/"+bundle {
			t.Errorf("environment %q", env)
		}
		if got, want := read(t, dir, bundle), "first\n"+begin+string(a.PEM)+end; got != want {
			t.Errorf("bundle %q, want %q", got, want)
		}
		if got := read(t, dir, "usr/local/share/ca-certificates/boxlite-authority.crt"); got != begin+string(a.PEM)+end {
			t.Errorf("anchor %q", got)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(another)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, another), []byte("of the user"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Remove(root, nil); err != nil {
		t.Fatal(err)
	}
	if got := read(t, dir, bundle); got != "first\n" {
		t.Errorf("bundle afterwards %q", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "usr/local/share/ca-certificates/boxlite-authority.crt")); !os.IsNotExist(err) {
		t.Errorf("anchor afterwards: %v", err)
	}
	if got := read(t, dir, another); got != "of the user" {
		t.Errorf("file of the user %q", got)
	}
}

func TestImageWithoutBundleGetsOne(t *testing.T) {
	root, dir := rootOf(t, nil)
	a := &Authority{PEM: certificate(t, "one"), Common: []byte("common\n")}
	for range 2 {
		install(t, a, root)
		if got, want := read(t, dir, bundles[0]), "common\n"+begin+string(a.PEM)+end; got != want {
			t.Errorf("bundle %q, want %q", got, want)
		}
	}
}

func TestWhatIsCutOffIsMadeWhole(t *testing.T) {
	root, dir := rootOf(t, map[string]string{bundles[0]: "first\n" + begin + "-----BEGIN"})
	a := &Authority{PEM: certificate(t, "one")}
	install(t, a, root)
	if got, want := read(t, dir, bundles[0]), "first\n"+begin+string(a.PEM)+end; got != want {
		t.Errorf("bundle %q, want %q", got, want)
	}
}

func TestLinksStayInTheRoot(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("untouched"), 0o600); err != nil {
		t.Fatal(err)
	}
	up := strings.Repeat("../", 40)
	root, dir := rootOf(t, map[string]string{
		"etc/ssl/certs/ca-certificates.crt": "->" + outside, // leads to nothing in the root
		"etc/ssl/cert.pem":                  "->" + up + "etc/inside.pem",
		"etc/inside.pem":                    "inside\n",
		"etc/pki":                           "->" + up + "proc/self",
		"etc/ssl/ca-bundle.pem":             "->/etc/ssl/ca-bundle.pem",
		"usr/local/share/ca-certificates":   "->" + filepath.Dir(outside),
		"usr/lib/jvm/x/lib/security":        "->" + filepath.Dir(outside),
	})
	a := &Authority{PEM: certificate(t, "one"), Common: []byte("common\n")}
	install(t, a, root, "SSL_CERT_FILE="+outside, "JAVA_HOME="+up)
	if got := read(t, outside); got != "untouched" {
		t.Errorf("outside %q", got)
	}
	entries, err := os.ReadDir(filepath.Dir(outside))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside it: %v, %v", entries, err)
	}
	if got := read(t, dir, "etc/inside.pem"); !strings.Contains(got, begin) {
		t.Errorf("inside %q", got)
	}
	if target, err := os.Readlink(filepath.Join(dir, "etc/ssl/cert.pem")); err != nil || !strings.HasPrefix(target, "..") {
		t.Errorf("link %q, %v", target, err)
	}
}

func TestOddFilesAreLeftAlone(t *testing.T) {
	root, dir := rootOf(t, map[string]string{
		"etc/pki/tls/certs/ca-bundle.crt/x": "a directory in its place",
		"etc/ssl/certs/java/cacerts":        "no store",
		"etc/ssl/cert.pem":                  "first\n",
	})
	if err := unix.Mkfifo(filepath.Join(dir, "etc/ssl/certs/ca-certificates.crt"), 0o644); err != nil {
		t.Fatal(err)
	}
	a := &Authority{PEM: certificate(t, "one")}
	if env := install(t, a, root); env[0] != "SSL_CERT_FILE=/etc/ssl/cert.pem" {
		t.Errorf("environment %q", env)
	}
	if got := read(t, dir, "etc/ssl/certs/java/cacerts"); got != "no store" {
		t.Errorf("store %q", got)
	}
	for _, bad := range [][]byte{nil, {0xfe, 0xed, 0xfe, 0xed}, bytes.Repeat([]byte{0xff}, 100), append([]byte{0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff}, make([]byte, 40)...)} {
		if _, err := withEntry(bad, a.PEM); err != errStore {
			t.Errorf("store %x: %v", bad, err)
		}
	}
}

func FuzzStores(f *testing.F) {
	f.Add([]byte{0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, store []byte) {
		sealed := append(bytes.Clone(store), digestOf(store)...)
		for _, input := range [][]byte{store, sealed} {
			withEntry(input, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}))
			withoutEntry(input)
		}
	})
}
