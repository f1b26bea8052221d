package people

import (
	"context"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Tokens are the access tokens, for admins.
func (w *Web) Tokens() shell.Panel {
	return shell.Panel{
		Name: "tokens", Title: "Access tokens", Needs: telemetry.RoleAdmin, Page: links.Tokens, Topics: []string{telemetry.TopicPeople},
		Every: "60s", Clock: true, Draw: w.drawTokens,
	}
}

func (w *Web) drawTokens(ctx context.Context, v shell.View) (templ.Component, error) {
	list, err := w.o.KeyList.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	t := panels.Table[panels.TokenRow]{Frame: v.Frame()}
	t.Empty = parts.Empty{Icon: "key", Title: "No access tokens", Text: "Scripts and screens that ask the API send one."}
	now := telemetry.At(w.Now())
	for _, one := range list {
		r := panels.TokenRow{Token: one, State: one.StateAt(now)}
		if r.State == telemetry.TokenActive {
			r.Revoke = parts.Action{Text: "Revoke", URL: links.ActionRevokeToken, Hidden: []parts.Field{{Name: "id", Value: one.ID}}}
		}
		t.Rows = append(t.Rows, r)
	}
	return panels.Tokens(t), nil
}

// TokensPage lists the access tokens, and has the form that makes one.
func (w *Web) TokensPage(c *fiber.Ctx) error {
	return w.showTokens(c, panels.TokenForm{Role: string(telemetry.RoleViewer), Days: "90"}, fiber.StatusOK)
}

func (w *Web) showTokens(c *fiber.Ctx, f panels.TokenForm, status int) error {
	for _, role := range telemetry.Roles() {
		f.Roles = append(f.Roles, string(role))
	}
	v, err := w.ViewOf(c, w.Tokens())
	if err != nil {
		return err
	}
	body := pages.Body{Title: "Access tokens", Rows: [][]templ.Component{{panels.NewToken(f)}, v.Row(c.UserContext(), w.Tokens())}}
	return w.Show(c, shell.Screen{Title: body.Title, Current: links.Tokens, Status: status, Body: body})
}

// Create makes an access token and shows it, this once.
func (w *Web) Create(c *fiber.Ctx) error {
	f := panels.TokenForm{Name: c.FormValue("name"), Role: c.FormValue("role"), Days: strings.TrimSpace(c.FormValue("days"))}
	days, err := strconv.ParseInt(f.Days, 10, 32)
	if err != nil {
		days = -1 // it is refused with what is wanted
	}
	made, secret, err := w.o.Keys.NewToken(c.UserContext(), telemetry.PersonOf(c.UserContext()), f.Name, telemetry.Role(f.Role), days)
	if telemetry.CodeOf(err) == telemetry.CodeInvalid || telemetry.CodeOf(err) == telemetry.CodeConflict {
		f.Fault = telemetry.Sentence(err)
		return w.showTokens(c, f, shell.FaultStatus(err))
	}
	if err != nil {
		return err
	}
	telemetry.NoteEffect(c.UserContext(), telemetry.Effect{Subject: made.Label(), After: string(made.Role)})
	c.Set(fiber.HeaderCacheControl, "no-store")
	return w.showTokens(c, panels.TokenForm{Role: string(telemetry.RoleViewer), Days: "90", Made: made.Name, Secret: secret}, fiber.StatusOK)
}

// Revoke ends an access token.
func (w *Web) Revoke(c *fiber.Ctx) error {
	t, err := w.o.Keys.RevokeToken(c.UserContext(), telemetry.PersonOf(c.UserContext()), c.FormValue("id"))
	if err != nil {
		return err
	}
	telemetry.NoteEffect(c.UserContext(), telemetry.Effect{
		Subject: t.Label(), Before: string(telemetry.TokenActive), After: string(telemetry.TokenRevoked),
	})
	if c.Get("HX-Request") == "" {
		return c.Redirect(links.Tokens, fiber.StatusSeeOther)
	}
	part, err := w.drawTokens(c.UserContext(), shell.View{Panel: w.Tokens()})
	if err != nil {
		return err
	}
	return shell.Render(c, fiber.StatusOK, part)
}
