package notify

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"golang.org/x/time/rate"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

// Sender sends a message on a channel. Its error is a *Refusal where trying again is in
// vain; that of others may say when to try again.
type Sender interface {
	Send(ctx context.Context, n telemetry.Notification) error
}

// Refusal is why a message is not sent, whenever it is tried.
type Refusal struct{ Message string }

func (r *Refusal) Error() string { return r.Message }

// poster posts to the address of a setting.
type poster struct {
	http *http.Client
	url  string
	now  func() time.Time
}

// newPoster refuses an address that nothing may be sent to.
func newPoster(o Options, setting, address string) (poster, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return poster{}, fmt.Errorf("%s is not an address; want https://… (its value is not shown, since it may be a secret)", setting)
	case u.Scheme != "https" && !o.AllowPrivate:
		return poster{}, fmt.Errorf("%s is not an https address; want https://…, or set NOTIFY_ALLOW_PRIVATE=true", setting)
	}
	if !o.AllowPrivate && o.Proxy != nil {
		via, err := o.Proxy(&http.Request{URL: u})
		if err != nil || via != nil {
			return poster{}, fmt.Errorf("%s would be reached through the proxy of HTTPS_PROXY, "+
				"behind which the address of the receiver cannot be checked; "+
				"name its host in NO_PROXY, or set NOTIFY_ALLOW_PRIVATE=true", setting)
		}
	}
	return poster{client(o.AllowPrivate, o.Proxy), address, o.Now}, nil
}

// post sends a body. What a receiver answers is read only as far as it is bounded, and
// its text is not shown.
func (p poster) post(ctx context.Context, body []byte, header http.Header) error {
	ctx, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return &Refusal{"The address of the receiver cannot be used. Check the setting."}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "telemetry-dashboard")
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return why(err)
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, bodyMost)
	return p.answered(resp)
}

// answered is the error of an answer, nil for success.
func (p poster) answered(resp *http.Response) error {
	status := resp.StatusCode
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 300 && status < 400:
		return &Refusal{fmt.Sprintf("The receiver answered with a redirect (%d), which is not followed. "+
			"Set the address that it leads to.", status)}
	case status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status == http.StatusTooEarly || status >= 500:
		e := telemetry.Errorf(telemetry.CodeUnavailable, "The receiver answered with status %d.", status)
		e.RetryAfter = upstream.RetryAfter(resp.Header.Get("Retry-After"), p.now())
		return e
	}
	return &Refusal{fmt.Sprintf("The receiver refused the message with status %d. "+
		"Check the address and the secret in the settings, then send it again.", status)}
}

// slack posts to an incoming webhook of Slack, or of what takes the same messages.
type slack struct {
	poster
	render Render
	pace   *rate.Limiter
}

// Send posts a message, at most about one a second.
func (s *slack) Send(ctx context.Context, n telemetry.Notification) error {
	body, err := s.render.Slack(n.Message)
	if err != nil {
		return err
	}
	if err := s.pace.Wait(ctx); err != nil {
		return err
	}
	return s.post(ctx, body, nil)
}

// webhook posts signed messages as https://www.standardwebhooks.com has them.
type webhook struct {
	poster
	render Render
	key    *standardwebhooks.Webhook
}

func newWebhook(p poster, r Render, secret string) (*webhook, error) {
	if secret == "" {
		return nil, fmt.Errorf("NOTIFY_WEBHOOK_SECRET is not set: " +
			"the messages of NOTIFY_WEBHOOK_URL are signed with it; want whsec_ and 24 to 64 bytes in base64")
	}
	key, err := standardwebhooks.NewWebhook(secret)
	if err != nil || len(strings.TrimPrefix(secret, "whsec_")) < 32 {
		return nil, fmt.Errorf("NOTIFY_WEBHOOK_SECRET is not a secret of Standard Webhooks; " +
			"want whsec_ and 24 to 64 bytes in base64 (its value is not shown)")
	}
	return &webhook{p, r, key}, nil
}

// Send posts a message with its id, a time and a signature. Each try has the same id.
func (w *webhook) Send(ctx context.Context, n telemetry.Notification) error {
	body, err := w.render.Webhook(n.Message, n.At.Time)
	if err != nil {
		return err
	}
	at := w.now()
	signature, err := w.key.Sign(n.ID, at, body)
	if err != nil {
		return fmt.Errorf("sign a notification: %w", err)
	}
	h := http.Header{}
	h.Set(standardwebhooks.HeaderWebhookID, n.ID)
	h.Set(standardwebhooks.HeaderWebhookTimestamp, fmt.Sprint(at.Unix()))
	h.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return w.post(ctx, body, h)
}
