// Package hooks takes the webhooks that GitHub sends: it checks their signature,
// stores what they say, and answers at once. What follows from them is done by
// services/ingest.
package hooks

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/server"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// GitHub's headers of a webhook.
const (
	headerSignature  = "X-Hub-Signature-256"
	headerDelivery   = "X-GitHub-Delivery"
	headerEvent      = "X-GitHub-Event"
	headerTargetType = "X-GitHub-Hook-Installation-Target-Type"
	headerTargetID   = "X-GitHub-Hook-Installation-Target-ID"
)

// Queue is where deliveries wait to be worked off.
type Queue interface {
	PutDelivery(ctx context.Context, d telemetry.Delivery) (noted telemetry.Delivery, fresh bool, err error)
}

// Message is what a webhook says: its payload, and the headers that say of what it is.
type Message struct {
	Event      string
	TargetType string
	TargetID   int64
	Payload    []byte
}

// Options are what Hooks work with.
type Options struct {
	Secret string // "" accepts no webhook
	Parse  func(m Message, now time.Time) (telemetry.Delivery, error)
	Queue  Queue
	Now    func() time.Time
}

// Routes are where webhooks are sent, none without a secret.
func Routes(o Options) []server.Route {
	if o.Secret == "" {
		return nil
	}
	return []server.Route{{Method: fiber.MethodPost, Path: links.GitHubWebhook, Needs: telemetry.RoleAnyone, Handle: o.receive, Hook: true,
		Params: []string{"payload"}}}
}

// receive stores a webhook. Its error says what is wrong with one that is refused,
// of which nothing is stored.
func (o Options) receive(c *fiber.Ctx) error {
	if err := o.signed(c.Get(headerSignature), c.Request().Body()); err != nil {
		return err
	}
	m, id, err := messageOf(c)
	if err != nil {
		return err
	}
	d, err := o.Parse(m, o.Now())
	if err != nil {
		return err
	}
	d.ID = id
	noted, fresh, err := o.Queue.PutDelivery(c.UserContext(), d)
	if err != nil {
		return err
	}
	status := fiber.StatusOK
	if fresh && noted.State == telemetry.DeliveryQueued {
		status = fiber.StatusAccepted
	}
	body, err := json.Marshal(map[string]any{"delivery": noted.ID, "state": noted.State, "result": noted.Result, "known": !fresh})
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/json; charset=utf-8")
	return c.Status(status).Send(body)
}

// signed refuses a body whose signature is not the secret's.
func (o Options) signed(signature string, body []byte) error {
	mac := hmac.New(sha256.New, []byte(o.Secret))
	mac.Write(body)
	given, found := strings.CutPrefix(signature, "sha256=")
	if sum, err := hex.DecodeString(given); found && err == nil && hmac.Equal(sum, mac.Sum(nil)) {
		return nil
	}
	if signature == "" {
		return telemetry.Errorf(telemetry.CodeSignature,
			"The webhook has no signature (%s). Set its secret at GitHub to the value of GITHUB_WEBHOOK_SECRET.", headerSignature)
	}
	return telemetry.Errorf(telemetry.CodeSignature,
		"The signature of the webhook (%s) is not that of its body. "+
			"Set its secret at GitHub to the value of GITHUB_WEBHOOK_SECRET.", headerSignature)
}

// messageOf reads the headers and the payload of a webhook whose signature is right.
func messageOf(c *fiber.Ctx) (m Message, id string, err error) {
	if id = c.Get(headerDelivery); !isName(id, 100) {
		return m, id, telemetry.Errorf(telemetry.CodeInvalid, "Invalid webhook: %s is missing or no id.", headerDelivery)
	}
	m.Event, m.TargetType, m.Payload = c.Get(headerEvent), c.Get(headerTargetType), c.Request().Body()
	if !isName(m.Event, 64) {
		return m, id, telemetry.Errorf(telemetry.CodeInvalid, "Invalid webhook: %s is missing or names no event.", headerEvent)
	}
	if target := c.Get(headerTargetID); target != "" {
		if m.TargetID, err = strconv.ParseInt(target, 10, 64); err != nil {
			return m, id, telemetry.Errorf(telemetry.CodeInvalid, "Invalid webhook: %s is not a number.", headerTargetID)
		}
	}
	if c.Get(fiber.HeaderContentType) != fiber.MIMEApplicationForm {
		return m, id, nil
	}
	form, err := url.ParseQuery(string(m.Payload))
	if err != nil || len(form["payload"]) != 1 {
		return m, id, telemetry.Errorf(telemetry.CodeInvalid, "Invalid webhook: the form has no field payload, or several.")
	}
	m.Payload = []byte(form.Get("payload"))
	return m, id, nil
}

// isName reports whether s is of letters, digits, "_" and "-" alone, and not too long.
func isName(s string, most int) bool {
	return s != "" && len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	})
}
