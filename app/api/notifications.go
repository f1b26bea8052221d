package api

import (
	"context"
	"math"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// Notify keeps the rules of notifications, and tries them.
type Notify interface {
	Rules(ctx context.Context) ([]telemetry.NotifyRule, error)
	Rule(ctx context.Context, id int64) (telemetry.NotifyRule, error)
	Channels() []telemetry.NotifyChannelInfo
	Save(ctx context.Context, r telemetry.NotifyRule) (telemetry.NotifyRule, error)
	Delete(ctx context.Context, id int64) error
	Preview(ctx context.Context, r telemetry.NotifyRule) (telemetry.NotifyPreview, error)
	Test(ctx context.Context, id int64) (telemetry.Notification, error)
	Retry(ctx context.Context, id string) (telemetry.Notification, error)
}

// ruleList is all rules, and the channels that they can use.
type ruleList struct {
	Items    []telemetry.NotifyRule        `json:"items"`
	Total    int                           `json:"total"`
	Channels []telemetry.NotifyChannelInfo `json:"channels"`
}

func (a *API) notifications() rows[telemetry.Notification] {
	return rows[telemetry.Notification]{
		list: a.Dashboard.Notifications, now: a.now,
		params: []param{words("state", "is", telemetry.NotificationStates()), words("channel", "channel", telemetry.NotifyChannels()), ofQuery},
	}
}

func (a *API) notifyRules(c *fiber.Ctx) error {
	rules, err := a.Notify.Rules(c.UserContext())
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, ruleList{rules, len(rules), a.Notify.Channels()})
}

// ruleEdit is what of a rule a body names; nil stays.
type ruleEdit struct {
	Name      *string                  `json:"name"`
	Event     *telemetry.NotifyEvent   `json:"event"`
	Severity  *string                  `json:"severity"`
	Repo      *telemetry.RepoName      `json:"repo"`
	Owner     *string                  `json:"owner"`
	Hours     *int64                   `json:"hours"`
	Channel   *telemetry.NotifyChannel `json:"channel"`
	Addresses *[]string                `json:"addresses"`
	DigestAt  *string                  `json:"digest_at"`
	QuietFrom *string                  `json:"quiet_from"`
	QuietTo   *string                  `json:"quiet_to"`
	Zone      *string                  `json:"time_zone"`
	On        *bool                    `json:"on"`
}

func (e ruleEdit) apply(r telemetry.NotifyRule) telemetry.NotifyRule {
	set(&r.Name, e.Name)
	set(&r.Event, e.Event)
	set(&r.Severity, e.Severity)
	set(&r.Repo, e.Repo)
	set(&r.Owner, e.Owner)
	set(&r.Hours, e.Hours)
	set(&r.Channel, e.Channel)
	set(&r.Addresses, e.Addresses)
	set(&r.DigestAt, e.DigestAt)
	set(&r.QuietFrom, e.QuietFrom)
	set(&r.QuietTo, e.QuietTo)
	set(&r.Zone, e.Zone)
	set(&r.On, e.On)
	return r
}

func set[T any](field, to *T) {
	if to != nil {
		*field = *to
	}
}

func ruleOf(c *fiber.Ctx, from telemetry.NotifyRule) (telemetry.NotifyRule, error) {
	var e ruleEdit
	if err := jsonBody(c, &e); err != nil {
		return from, err
	}
	return e.apply(from), nil
}

func (a *API) addNotifyRule(c *fiber.Ctx) error {
	r, err := ruleOf(c, telemetry.NotifyRule{On: true})
	if err != nil {
		return err
	}
	made, err := a.Notify.Save(c.UserContext(), r)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderLocation, links.APINotifyRules+"/"+strconv.FormatInt(made.ID, 10))
	return send(c, fiber.StatusCreated, made)
}

func (a *API) notifyRule(c *fiber.Ctx) error {
	id, err := ruleID(c)
	if err != nil {
		return err
	}
	r, err := a.Notify.Rule(c.UserContext(), id)
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, r)
}

func (a *API) editNotifyRule(c *fiber.Ctx) error {
	id, err := ruleID(c)
	if err != nil {
		return err
	}
	r, err := a.Notify.Rule(c.UserContext(), id)
	if err != nil {
		return err
	}
	if r, err = ruleOf(c, r); err != nil {
		return err
	}
	if r, err = a.Notify.Save(c.UserContext(), r); err != nil {
		return err
	}
	return send(c, fiber.StatusOK, r)
}

func (a *API) deleteNotifyRule(c *fiber.Ctx) error {
	id, err := ruleID(c)
	if err != nil {
		return err
	}
	if err := a.Notify.Delete(c.UserContext(), id); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}

func (a *API) previewNotifyRule(c *fiber.Ctx) error {
	r, err := ruleOf(c, telemetry.NotifyRule{On: true})
	if err != nil {
		return err
	}
	p, err := a.Notify.Preview(c.UserContext(), r)
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, p)
}

func (a *API) testNotifyRule(c *fiber.Ctx) error {
	id, err := ruleID(c)
	if err != nil {
		return err
	}
	n, err := a.Notify.Test(c.UserContext(), id)
	if err != nil {
		return err
	}
	return send(c, fiber.StatusAccepted, n)
}

func (a *API) retryNotification(c *fiber.Ctx) error {
	n, err := a.Notify.Retry(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	return send(c, fiber.StatusAccepted, n)
}

func ruleID(c *fiber.Ctx) (int64, error) {
	return telemetry.NumberParam("id", c.Params("id"), 1, 0, math.MaxInt64)
}

// notifyRoutes are the endpoints of the rules, and the one that sends a message again.
func (a *API) notifyRoutes() []Route {
	const path = links.APINotifyRules
	topics := []string{telemetry.TopicNotify}
	get := func(path string, h fiber.Handler) Route {
		return Route{Method: fiber.MethodGet, Path: path, Needs: telemetry.RoleViewer, Handle: a.onlyNow(h), Topics: topics}
	}
	does := func(method, path string, needs telemetry.Role, action string, h fiber.Handler) Route {
		return Route{Method: method, Path: path, Needs: needs, Action: action, Handle: h}
	}
	return []Route{
		get(path, a.notifyRules),
		does(fiber.MethodPost, path, telemetry.RoleAdmin, "make-rule", a.addNotifyRule),
		does(fiber.MethodPost, path+"/preview", telemetry.RoleAdmin, "preview-rule", a.previewNotifyRule),
		get(path+"/:id", a.notifyRule),
		does(fiber.MethodPatch, path+"/:id", telemetry.RoleAdmin, "edit-rule", a.editNotifyRule),
		does(fiber.MethodDelete, path+"/:id", telemetry.RoleAdmin, "delete-rule", a.deleteNotifyRule),
		does(fiber.MethodPost, path+"/:id/test", telemetry.RoleAdmin, "test-rule", a.testNotifyRule),
		does(fiber.MethodPost, links.APIList("notifications")+"/:id/retry", telemetry.RoleOperator, "retry-notification", a.retryNotification),
	}
}
