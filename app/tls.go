package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"

	"telemetry-dashboard/services/telemetry"
)

// servesTLS reports whether the program itself serves https.
func (c Config) servesTLS() bool { return c.TLSCert != "" }

// scheme is how the address begins at which the program itself serves.
func (c Config) scheme() string {
	if c.servesTLS() {
		return "https://"
	}
	return "http://"
}

// tlsFault is what of the settings about TLS does not fit together.
func (c Config) tlsFault() error {
	switch {
	case c.TLSCert != "" && c.TLSKey == "":
		return errors.New("TLS_CERT is set, and TLS_KEY is not: set both, or neither to serve plain http")
	case c.TLSCert == "" && c.TLSKey != "":
		return errors.New("TLS_KEY is set, and TLS_CERT is not: set both, or neither to serve plain http")
	case c.servesTLS() && strings.HasPrefix(string(c.PublicURL), "http://"):
		return errors.New("TLS_CERT is set, and PUBLIC_URL begins with http://: begin it with https://, as browsers ask")
	}
	return nil
}

// secured has a listener speak TLS with the certificate of the settings, if they
// have one.
func secured(ln net.Listener, cfg Config, log *slog.Logger) (net.Listener, error) {
	if !cfg.servesTLS() {
		return ln, nil
	}
	c := &certificate{certFile: cfg.TLSCert, keyFile: cfg.TLSKey, log: log}
	if _, err := c.get(nil); err != nil {
		return nil, errors.Join(telemetry.Errorf(telemetry.CodeInvalid,
			"The certificate of TLS_CERT and TLS_KEY cannot be used (%v). Set TLS_CERT to a file with the certificate and those that signed it, "+
				"and TLS_KEY to the file of its key, both in PEM.", err).Because(err), ln.Close())
	}
	return tls.NewListener(ln, &tls.Config{
		GetCertificate: c.get,
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"}, // what Fiber speaks
	}), nil
}

// certificate is the one of two files. It is read again when they change, which
// each handshake looks for: that costs it little, and needs no restart and no
// signal when a certificate is renewed.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu     sync.Mutex
	read   [2]os.FileInfo // of the files as they were read last, well or not
	served *tls.Certificate
}

// get returns the certificate for a handshake: where the files cannot be used, the
// one before.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var now [2]os.FileInfo // before they are read: a later change shows
	var err error
	for i, name := range []string{c.certFile, c.keyFile} {
		info, statErr := os.Stat(name)
		if now[i] = info; statErr != nil {
			err = statErr
		}
	}
	if c.served != nil && sameFile(now[0], c.read[0]) && sameFile(now[1], c.read[1]) {
		return c.served, nil
	}
	first := c.served == nil
	c.read = now
	var pair tls.Certificate
	if err == nil {
		pair, err = tls.LoadX509KeyPair(c.certFile, c.keyFile)
	}
	switch {
	case err == nil:
		c.served = &pair
		c.log.Info("read the certificate for https", "file", c.certFile, "names", pair.Leaf.DNSNames, "until", pair.Leaf.NotAfter)
	case first:
		return nil, fmt.Errorf("read the certificate: %w", err)
	default:
		c.log.Warn("the new certificate for https cannot be used, and the one before is kept: "+
			"write a certificate and its key into the files of TLS_CERT and TLS_KEY", "err", err)
	}
	return c.served, nil
}

// sameFile reports whether a file is as it was; nil is one that cannot be found.
func sameFile(now, was os.FileInfo) bool {
	if now == nil || was == nil {
		return now == nil && was == nil
	}
	return os.SameFile(now, was) && now.ModTime().Equal(was.ModTime()) && now.Size() == was.Size()
}
