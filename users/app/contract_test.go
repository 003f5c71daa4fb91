package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"gamestore.example/pkg/contract/contracttest"
	contractusers "gamestore.example/pkg/contract/users"
	"gamestore.example/users/app"
)

// TestEveryOperationIsAsDocumented drives each operation to each of its documented
// statuses but those that the gateway or a broken machine makes.
func TestEveryOperationIsAsDocumented(t *testing.T) {
	for name, dsn := range map[string]string{"memory": "memory", "sqlite": sqliteDSN(t)} {
		t.Run(name, func(t *testing.T) {
			p := start(t, documented(t, dsn))
			c := p.caller()
			validator := contracttest.NewValidator(t, contractusers.OpenAPI, c.client.Transport)
			c.client = validator.Client()
			bad := c
			bad.ctx = contracttest.BadRequest(t.Context())

			driveSignUp(c, bad)
			driveSessions(c, bad)
			driveKeys(c)
			driveProfile(c, bad)
			drivePassword(c, bad)
			driveDelete(c, bad)

			validator.AssertAllDriven(t)
			for _, operation := range []string{
				"signUp", "login", "refreshTokens", "logout", "getKeySet", "getProfile",
				"updateProfile", "deleteAccount", "changePassword", "listAccountHistory",
			} {
				elsewhere := []int{http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusGatewayTimeout}
				if operation != "login" && operation != "changePassword" {
					elsewhere = append(elsewhere, http.StatusTooManyRequests) // the gateway's
				}
				validator.AssertAllStatusesOf(t, operation, elsewhere...)
			}
		})
	}
}

func documented(t *testing.T, dsn string) app.Config {
	cfg := cheap(t, dsn)
	cfg.Throttle.Attempts, cfg.Throttle.Window = 2, time.Hour
	return cfg
}

// garbage sends what no operation with a body takes.
func garbage(bad caller, method, path string) {
	bad.t.Helper()
	bad.want(http.StatusBadRequest, method, path, `{"broken`)
	bad.want(http.StatusBadRequest, method, path, `{"unknown": 1}`)
	bad.want(http.StatusBadRequest, method, path, `{"name": -1, "email": {}, "refreshToken": [], "newPassword": 1e99}`)
	bad.want(http.StatusBadRequest, method, path, `{}`)
	bad.want(http.StatusBadRequest, method, path, `null`)
	bad.want(http.StatusBadRequest, method, path, strings.Repeat("[", 10_000))
	bad.want(http.StatusRequestEntityTooLarge, method, path, `{"name": "`+strings.Repeat("a", 10<<20)+`"}`)
	bad.want(http.StatusUnsupportedMediaType, method, path, "name=Ana", "Content-Type", "application/x-www-form-urlencoded")
}

func driveSignUp(c, bad caller) {
	garbage(bad, http.MethodPost, "/api/users")
	a := c.want(http.StatusCreated, http.MethodPost, "/api/users", jsonOf("email", "Ana@Example.com", "password", password, "name", "Ana"))
	if a.header.Get("Location") != "/api/users/me" || a.str("email") != "ana@example.com" || a.str("password") != "" {
		c.t.Errorf("sign-up answered %s with the Location %q", a.text, a.header.Get("Location"))
	}
	a = c.want(http.StatusConflict, http.MethodPost, "/api/users", jsonOf("email", "ana@example.com", "password", password, "name", "Ana"))
	if a.str("code") != "email-taken" {
		c.t.Errorf("code %q", a.str("code"))
	}
}

func driveSessions(c, bad caller) {
	for _, path := range []string{"/api/auth/login", "/api/auth/refresh", "/api/auth/logout"} {
		garbage(bad, http.MethodPost, path)
	}
	_, refresh := c.login("ana@example.com", password)
	next := c.want(http.StatusOK, http.MethodPost, "/api/auth/refresh", jsonOf("refreshToken", refresh))
	if next.header.Get("Cache-Control") != "no-store" {
		c.t.Error("tokens may be cached")
	}
	for range 2 {
		c.want(http.StatusNoContent, http.MethodPost, "/api/auth/logout", jsonOf("refreshToken", next.str("refreshToken")))
	}
	a := c.want(http.StatusUnauthorized, http.MethodPost, "/api/auth/refresh", jsonOf("refreshToken", next.str("refreshToken")))
	if a.str("code") != "invalid-refresh-token" {
		c.t.Errorf("code %q", a.str("code"))
	}
	for range 2 {
		c.want(http.StatusUnauthorized, http.MethodPost, "/api/auth/login", jsonOf("email", "nobody@example.com", "password", password))
	}
	a = c.want(http.StatusTooManyRequests, http.MethodPost, "/api/auth/login", jsonOf("email", "nobody@example.com", "password", password))
	if a.str("code") != "too-many-attempts" || a.header.Get("Retry-After") == "" {
		c.t.Errorf("code %q, Retry-After %q", a.str("code"), a.header.Get("Retry-After"))
	}
}

func driveKeys(c caller) {
	a := c.want(http.StatusOK, http.MethodGet, "/.well-known/jwks.json", "")
	c.want(http.StatusNotModified, http.MethodGet, "/.well-known/jwks.json", "", "If-None-Match", a.header.Get("ETag"))
}

func driveProfile(c, bad caller) {
	access, _ := c.login("ana@example.com", password)
	garbage(bad.as(access), http.MethodPatch, "/api/users/me")
	bad.want(http.StatusUnauthorized, http.MethodGet, "/api/users/me", "")
	bad.as("forged").want(http.StatusUnauthorized, http.MethodPatch, "/api/users/me", jsonOf("name", "Ana"))
	bad.want(http.StatusUnauthorized, http.MethodGet, "/api/users/me/history", "")
	c = c.as(access)
	c.want(http.StatusOK, http.MethodPatch, "/api/users/me", jsonOf("name", "Ana Lima"))
	if a := c.want(http.StatusOK, http.MethodGet, "/api/users/me", ""); a.str("name") != "Ana Lima" {
		c.t.Errorf("profile %s", a.text)
	}
	c.want(http.StatusOK, http.MethodGet, "/api/users/me/history?limit=1", "")
	for _, query := range []string{"limit=0", "limit=-1", "limit=101", "limit=99999999999999999999", "limit=x", "cursor=x", "cursor=%00"} {
		bad.as(access).want(http.StatusBadRequest, http.MethodGet, "/api/users/me/history?"+query, "")
	}
}

func drivePassword(c, bad caller) {
	const path = "/api/users/me/password"
	access, _ := c.login("ana@example.com", password)
	garbage(bad.as(access), http.MethodPost, path)
	bad.want(http.StatusUnauthorized, http.MethodPost, path, jsonOf("currentPassword", password, "newPassword", "an even better one"))
	c = c.as(access)
	c.want(http.StatusNoContent, http.MethodPost, path, jsonOf("currentPassword", password, "newPassword", "an even better one"))
	for range 2 {
		c.want(http.StatusForbidden, http.MethodPost, path, jsonOf("currentPassword", password, "newPassword", "an even better one"))
	}
	c.want(http.StatusTooManyRequests, http.MethodPost, path, jsonOf("currentPassword", password, "newPassword", "an even better one"))
}

func driveDelete(c, bad caller) {
	c.signUp("cleo@example.com")
	access, _ := c.login("cleo@example.com", password)
	bad.want(http.StatusUnauthorized, http.MethodDelete, "/api/users/me", "")
	c.as(access).want(http.StatusNoContent, http.MethodDelete, "/api/users/me", "")
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		if a := c.as(access).want(http.StatusUnauthorized, method, "/api/users/me", ""); a.str("code") != "no-account" {
			c.t.Errorf("%s of a tombstone: code %q", method, a.str("code"))
		}
	}
}
