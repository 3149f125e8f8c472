package trust

import (
	"bytes"
	"crypto/sha1"
	"encoding/asn1"
	"encoding/binary"
	"encoding/pem"
	"unicode/utf16"
)

// Java has two kinds of stores: its own ("JKS": the specification is sun.security.provider.JavaKeyStore)
// and PKCS #12 (RFC 7292), of which it keeps the authorities without encryption.

const (
	alias    = "boxlite" // of our entry
	password = "changeit"
	jksMagic = 0xfeedfeed
	trusted  = 2 // tag of an entry that is a certificate
)

// withEntry returns a store with a certificate, in PEM, as our entry.
func withEntry(store, certificate []byte) ([]byte, error) {
	block, _ := pem.Decode(certificate)
	if block == nil {
		return nil, errStore
	}
	if len(store) >= 4 && binary.BigEndian.Uint32(store) == jksMagic {
		return changeJKS(store, block.Bytes)
	}
	return changePKCS12(store, block.Bytes)
}

// withoutEntry returns a store without our entry.
func withoutEntry(store []byte) ([]byte, error) {
	if len(store) >= 4 && binary.BigEndian.Uint32(store) == jksMagic {
		return changeJKS(store, nil)
	}
	return changePKCS12(store, nil)
}

// jks reads a JKS store; what is cut off ends it.
type jks struct {
	rest []byte
	bad  bool
}

func (j *jks) take(count int) []byte {
	if count < 0 || count > len(j.rest) {
		j.bad = true
		return make([]byte, min(max(count, 0), 8))
	}
	taken := j.rest[:count]
	j.rest = j.rest[count:]
	return taken
}

func (j *jks) number() int  { return int(binary.BigEndian.Uint32(j.take(4))) }
func (j *jks) text() string { return string(j.take(int(binary.BigEndian.Uint16(j.take(2))))) }

// certificate skips one.
func (j *jks) certificate(version int) {
	if version == 2 {
		j.text()
	}
	j.take(j.number())
}

// entry skips one and returns its alias.
func (j *jks) entry(version int) string {
	tag := j.number()
	name := j.text()
	j.take(8) // time
	if tag != trusted {
		j.take(j.number()) // a key
		for range min(j.number(), len(j.rest)) {
			j.certificate(version)
		}
		return name
	}
	j.certificate(version)
	return name
}

// changeJKS takes our entry away, and adds it again when there is a certificate.
func changeJKS(store, certificate []byte) ([]byte, error) {
	const head = 12
	if len(store) < head+sha1.Size {
		return nil, errStore
	}
	version := int(binary.BigEndian.Uint32(store[4:]))
	count := binary.BigEndian.Uint32(store[8:])
	if version != 1 && version != 2 {
		return nil, errStore
	}
	if !bytes.Equal(digestOf(store[:len(store)-sha1.Size]), store[len(store)-sha1.Size:]) {
		return nil, errStore // its password is another
	}
	j := &jks{rest: store[head : len(store)-sha1.Size]}
	var entries []byte
	kept := uint32(0)
	var time []byte
	for range count {
		before := j.rest
		name := j.entry(version)
		if j.bad {
			return nil, errStore
		}
		entry := before[:len(before)-len(j.rest)]
		if name == alias {
			time = entry[4+2+len(alias):][:8]
			continue
		}
		entries = append(entries, entry...)
		kept++
	}
	if len(j.rest) != 0 {
		return nil, errStore
	}
	if certificate == nil && time == nil {
		return store, nil
	}
	if certificate != nil {
		if time == nil {
			time = make([]byte, 8)
		}
		entries = binary.BigEndian.AppendUint32(entries, trusted)
		entries = appendText(entries, alias)
		entries = append(entries, time...)
		if version == 2 {
			entries = appendText(entries, "X.509")
		}
		entries = binary.BigEndian.AppendUint32(entries, uint32(len(certificate)))
		entries = append(entries, certificate...)
		kept++
	}
	changed := bytes.Clone(store[:head])
	binary.BigEndian.PutUint32(changed[8:], kept)
	changed = append(changed, entries...)
	return append(changed, digestOf(changed)...), nil
}

// digestOf is what a JKS store ends with.
func digestOf(store []byte) []byte {
	digest := sha1.New()
	for _, unit := range utf16.Encode([]rune(password)) {
		digest.Write([]byte{byte(unit >> 8), byte(unit)})
	}
	digest.Write([]byte("Mighty Aphrodite"))
	digest.Write(store)
	return digest.Sum(nil)
}

func appendText(b []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(text))), text...)
}

var (
	oidData         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidCertBag      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 3}
	oidX509         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 22, 1}
	oidFriendlyName = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 20}
	// Java's own: what the entry is trusted for.
	oidTrustedKeyUsage = asn1.ObjectIdentifier{2, 16, 840, 1, 113894, 746875, 1, 1}
	oidAnyUsage        = asn1.ObjectIdentifier{2, 5, 29, 37, 0}
)

type pfx struct {
	Version  int
	AuthSafe contentInfo
	Mac      asn1.RawValue `asn1:"optional"`
}

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"tag:0,explicit,optional"`
}

type safeBag struct {
	ID         asn1.ObjectIdentifier
	Value      asn1.RawValue `asn1:"tag:0,explicit"`
	Attributes []attribute   `asn1:"set,optional"`
}

type attribute struct {
	ID     asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

type certBag struct {
	ID   asn1.ObjectIdentifier
	Data []byte `asn1:"tag:0,explicit"`
}

// changePKCS12 takes our part away, and adds it again when there is a certificate. A MAC goes: its
// password is known to everybody, and Java reads stores without.
func changePKCS12(store, certificate []byte) ([]byte, error) {
	var p pfx
	if rest, err := asn1.Unmarshal(store, &p); err != nil || len(rest) > 0 || !p.AuthSafe.Type.Equal(oidData) {
		return nil, errStore
	}
	var authenticated []byte
	if _, err := asn1.Unmarshal(p.AuthSafe.Content.Bytes, &authenticated); err != nil {
		return nil, errStore
	}
	var parts []asn1.RawValue
	if rest, err := asn1.Unmarshal(authenticated, &parts); err != nil || len(rest) > 0 {
		return nil, errStore
	}
	var kept []asn1.RawValue
	found := false
	for _, part := range parts {
		if !bytes.Contains(part.FullBytes, friendlyName()) {
			kept = append(kept, part)
			continue
		}
		found = true
		rest, err := withoutBag(part)
		if err != nil {
			return nil, err
		}
		if rest != nil {
			kept = append(kept, asn1.RawValue{FullBytes: rest})
		}
	}
	if certificate == nil && !found {
		return store, nil
	}
	if certificate != nil {
		ours, err := ourPart(certificate)
		if err != nil {
			return nil, err
		}
		kept = append(kept, asn1.RawValue{FullBytes: ours})
	}
	authenticated, err := asn1.Marshal(kept)
	if err != nil {
		return nil, err
	}
	safe, err := dataOf(authenticated)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(struct {
		Version  int
		AuthSafe asn1.RawValue
	}{p.Version, asn1.RawValue{FullBytes: safe}})
}

// withoutBag returns a part without our entry; nil when nothing is left.
func withoutBag(part asn1.RawValue) ([]byte, error) {
	var info contentInfo
	var content []byte
	var bags, kept []asn1.RawValue
	if _, err := asn1.Unmarshal(part.FullBytes, &info); err != nil || !info.Type.Equal(oidData) {
		return nil, errStore
	}
	if _, err := asn1.Unmarshal(info.Content.Bytes, &content); err != nil {
		return nil, errStore
	}
	if _, err := asn1.Unmarshal(content, &bags); err != nil {
		return nil, errStore
	}
	for _, bag := range bags {
		if !bytes.Contains(bag.FullBytes, friendlyName()) {
			kept = append(kept, bag)
		}
	}
	if len(kept) == 0 {
		return nil, nil
	}
	content, err := asn1.Marshal(kept)
	if err != nil {
		return nil, err
	}
	return dataOf(content)
}

// friendlyName is our alias as a BMPString.
func friendlyName() []byte {
	name := []byte{30, byte(2 * len(alias))}
	for _, c := range alias {
		name = append(name, 0, byte(c))
	}
	return name
}

// dataOf is a ContentInfo of bytes.
func dataOf(content []byte) ([]byte, error) {
	octets, err := asn1.Marshal(content)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(contentInfo{oidData, explicit(octets)})
}

func explicit(content []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: content}
}

// ourPart is a ContentInfo with the one certificate.
func ourPart(certificate []byte) ([]byte, error) {
	bag, err := asn1.Marshal(certBag{oidX509, certificate})
	if err != nil {
		return nil, err
	}
	usage, err := asn1.Marshal(oidAnyUsage)
	if err != nil {
		return nil, err
	}
	bags, err := asn1.Marshal([]safeBag{{oidCertBag, explicit(bag), []attribute{
		{oidFriendlyName, []asn1.RawValue{{FullBytes: friendlyName()}}},
		{oidTrustedKeyUsage, []asn1.RawValue{{FullBytes: usage}}},
	}}})
	if err != nil {
		return nil, err
	}
	return dataOf(bags)
}
