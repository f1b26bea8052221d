package program

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority signs certificates that only those trust who are given its own.
type Authority struct {
	T    *testing.T
	File string // its certificate, as PEM

	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	serial      int64
}

// NewAuthority returns an authority of the test's own.
func NewAuthority(t *testing.T) *Authority {
	t.Helper()
	a := &Authority{T: t, File: filepath.Join(t.TempDir(), "ca.pem")}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "An authority of a test"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.certificate, a.key = a.sign(template)
	a.write(a.File, "CERTIFICATE", a.certificate.Raw)
	return a
}

// sign makes a key and has the authority sign its certificate, which it signs
// itself as long as it has none.
func (a *Authority) sign(template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.T.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.T.Fatal(err)
	}
	a.serial++
	template.SerialNumber = big.NewInt(a.serial)
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, by := template, key
	if a.certificate != nil {
		parent, by = a.certificate, a.key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		a.T.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(raw)
	if err != nil {
		a.T.Fatal(err)
	}
	return certificate, key
}

// Sign writes a certificate for hosts, names or addresses, and its key into
// files, and returns the number of the certificate.
func (a *Authority) Sign(certFile, keyFile string, hosts ...string) (serial int64) {
	a.T.Helper()
	template := &x509.Certificate{Subject: pkix.Name{CommonName: hosts[0]}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	certificate, key := a.sign(template)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.T.Fatal(err)
	}
	a.write(keyFile, "PRIVATE KEY", raw)
	a.write(certFile, "CERTIFICATE", certificate.Raw)
	return a.serial
}

// write replaces a file, as those who renew certificates do.
func (a *Authority) write(path, kind string, raw []byte) {
	a.T.Helper()
	err := os.WriteFile(path+".new", pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw}), 0o600)
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		a.T.Fatal(err)
	}
}

// Pool trusts the authority alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}
