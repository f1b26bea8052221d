package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"

	"telemetry-dashboard/services/telemetry"
)

// mailer sends mail through an SMTP server.
type mailer struct {
	render  Render
	from    string
	host    string
	address string // host and port, as the client does not write those of IPv6
	tls     *tls.Config
	dial    mail.DialContextFunc
	options []mail.Option
}

// newMailer reads the settings: smtps://USER:PASSWORD@HOST speaks TLS from the beginning,
// smtp:// turns it on by STARTTLS, which the server must offer unless private addresses
// are allowed.
func newMailer(o Options) (*mailer, error) {
	u, err := url.Parse(o.SMTPURL)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("NOTIFY_SMTP_URL is not an address of an SMTP server; want smtps://USER:PASSWORD@HOST or smtp://… " +
			"(its value is not shown)")
	}
	if o.From == "" {
		return nil, errors.New("NOTIFY_FROM is not set: mail needs an address that it comes from; want for example dashboard@example.com")
	}
	m := &mailer{render: o.Render, from: o.From, host: u.Hostname(), tls: &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}}
	policy, port := mail.TLSMandatory, 587
	if o.AllowPrivate {
		policy = mail.TLSOpportunistic
	}
	dial := dialer(o.AllowPrivate)
	m.dial = dial.DialContext
	m.options = []mail.Option{
		mail.WithTimeout(sendLimit), mail.WithTLSPolicy(policy), mail.WithTLSConfig(m.tls), mail.WithoutNoop(),
	}
	if u.Scheme == "smtps" {
		port = 465
		m.dial = (&tls.Dialer{NetDialer: dial, Config: m.tls}).DialContext
		m.options = append(m.options, mail.WithSSL())
	}
	if text := u.Port(); text != "" {
		if port, err = strconv.Atoi(text); err != nil || port < 1 || port > 65535 {
			return nil, errors.New("NOTIFY_SMTP_URL has an invalid port; want one from 1 to 65535")
		}
	}
	m.address = net.JoinHostPort(m.host, strconv.Itoa(port))
	m.options = append(m.options, mail.WithPort(port))
	if password, set := u.User.Password(); set {
		// PLAIN and LOGIN are refused by the client where the connection is not encrypted.
		auth := mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin, mail.SMTPAuthCramMD5)
		m.options = append(m.options, auth, mail.WithUsername(u.User.Username()), mail.WithPassword(password))
	}
	return m, nil
}

// Send hands a mail to the server. Its Message-ID is made of the message's id, so that
// each try has the same.
func (m *mailer) Send(ctx context.Context, n telemetry.Notification) error {
	ctx, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	msg, err := m.message(n)
	if err != nil {
		return err
	}
	var line net.Conn // which the client leaves open where the greeting fails
	dial := func(ctx context.Context, network, _ string) (_ net.Conn, err error) {
		line, err = m.dial(ctx, network, m.address)
		return line, err
	}
	c, err := mail.NewClient(m.host, slices.Concat(m.options, []mail.Option{mail.WithDialContextFunc(dial)})...)
	if err != nil {
		return fmt.Errorf("make a client for mail: %w", err)
	}
	to, err := c.DialToSMTPClientWithContext(ctx)
	if err != nil {
		if line != nil {
			_ = line.Close() // the error of the greeting says more
		}
		return mailed(err)
	}
	stop := context.AfterFunc(ctx, func() { _ = to.Close() })
	defer stop()
	err = c.SendWithSMTPClient(to, msg)
	_ = c.CloseWithSMTPClient(to)
	if msg.IsDelivered() { // what fails after the server took it must not send it again
		return nil
	}
	return mailed(err)
}

func (m *mailer) message(n telemetry.Notification) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.From(m.from); err != nil {
		return nil, &Refusal{"NOTIFY_FROM is not an address of mail. Set one such as dashboard@example.com and restart."}
	}
	if err := msg.To(n.Addresses...); err != nil {
		return nil, &Refusal{"An address of the rule is not one of mail. Change the rule."}
	}
	html, err := m.render.HTML(n.Message)
	if err != nil {
		return nil, err
	}
	msg.Subject(n.Title)
	msg.SetDateWithValue(n.At.Time)
	msg.SetMessageIDWithValue(n.ID + "@" + domainOf(m.from))
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(mail.TypeTextPlain, m.render.Text(n.Message))
	msg.AddAlternativeString(mail.TypeTextHTML, html)
	return msg, nil
}

// domainOf is what follows the @ of an address, which may have a name before it.
func domainOf(address string) string {
	if a, err := netmail.ParseAddress(address); err == nil {
		address = a.Address
	}
	return address[strings.LastIndex(address, "@")+1:]
}

// mailed is the error of a try: what a server refuses for good is not tried again.
func mailed(err error) error {
	var refused *refusedAddress
	var sent *mail.SendError
	var answer *textproto.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return &Refusal{refused.Error()}
	case errors.As(err, &sent) && !sent.IsTemp() && sent.ErrorCode() >= 500:
		return &Refusal{fmt.Sprintf("The mail server refused the mail with code %d. "+
			"Check the addresses of the rule and NOTIFY_FROM, then send it again.", sent.ErrorCode())}
	case errors.As(err, &sent) && sent.ErrorCode() > 0:
		return telemetry.Errorf(telemetry.CodeUnavailable, "The mail server answered with code %d.", sent.ErrorCode()).Because(err)
	case errors.As(err, &answer) && answer.Code >= 530 && answer.Code <= 538: // its words may repeat the password
		return telemetry.Errorf(telemetry.CodeUnavailable, "The mail server refused the user and the password of NOTIFY_SMTP_URL "+
			"with code %d. Check them, and restart.", answer.Code)
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		return telemetry.Errorf(telemetry.CodeUnavailable, "The mail server did not answer in time.").Because(err)
	}
	return telemetry.Errorf(telemetry.CodeUnavailable, "The mail was not taken: %s.",
		telemetry.Shorten(oneLine(err.Error()), 200)).Because(err)
}
