package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gamestore.example/users/adapter/argon2"
)

func TestLogsAndMetricsTellNoSecrets(t *testing.T) {
	const (
		email   = "canary-address@example.com"
		secret  = "canary-password-one"
		another = "canary-password-two"
	)
	p := start(t, cheap(t, sqliteDSN(t)))
	c := p.caller()
	c.want(http.StatusCreated, http.MethodPost, "/api/users", jsonOf("email", email, "password", secret, "name", "Canary Name"))
	c.want(http.StatusConflict, http.MethodPost, "/api/users", jsonOf("email", email, "password", secret, "name", "Canary Name"))
	c.want(http.StatusBadRequest, http.MethodPost, "/api/users", jsonOf("email", "canary", "password", secret, "name", "Canary\r\nName"))
	c.want(http.StatusUnauthorized, http.MethodPost, "/api/auth/login", jsonOf("email", email, "password", another))
	access, refresh := c.login(email, secret)
	c.want(http.StatusOK, http.MethodPost, "/api/auth/refresh", jsonOf("refreshToken", refresh))
	c.want(http.StatusUnauthorized, http.MethodPost, "/api/auth/refresh", jsonOf("refreshToken", refresh))
	c.as(access).want(http.StatusForbidden, http.MethodPost, "/api/users/me/password", jsonOf("currentPassword", another, "newPassword", another))
	c.as(access).want(http.StatusNoContent, http.MethodPost, "/api/users/me/password", jsonOf("currentPassword", secret, "newPassword", another))
	c.as(access+"x").want(http.StatusUnauthorized, http.MethodGet, "/api/users/me?cursor=canary", "")
	c.as(access).want(http.StatusNoContent, http.MethodDelete, "/api/users/me", "")
	metrics := c.want(http.StatusOK, http.MethodGet, "/metrics", "").text
	p.stop()
	if !strings.Contains(p.log.String(), "users.ChangePassword") {
		t.Fatal("the log has no line of the calls: this proves nothing")
	}
	for what, text := range map[string]string{"log": p.log.String(), "metrics": metrics} {
		for _, part := range []string{"canary", "Canary", access, access[:len(access)/2], refresh, "argon2id"} {
			if strings.Contains(text, part) {
				t.Errorf("the %s contains %q", what, part)
			}
		}
	}
}

func TestABrokenStoreIsUnavailableAndTellsNothing(t *testing.T) {
	p := start(t, cheap(t, sqliteDSN(t)))
	c := p.caller()
	c.signUp("ana@example.com")
	access, refresh := c.login("ana@example.com", password)
	if err := p.Close(); err != nil { // the store goes while the process runs on
		t.Fatal(err)
	}
	for _, call := range []struct{ method, path, body string }{
		{http.MethodPost, "/api/users", jsonOf("email", "bea@example.com", "password", password, "name", "Bea")},
		{http.MethodPost, "/api/auth/login", jsonOf("email", "ana@example.com", "password", password)},
		{http.MethodPost, "/api/auth/refresh", jsonOf("refreshToken", refresh)},
		{http.MethodPost, "/api/auth/logout", jsonOf("refreshToken", refresh)},
		{http.MethodGet, "/api/users/me", ""},
		{http.MethodDelete, "/api/users/me", ""},
		{http.MethodGet, "/api/users/me/history", ""},
		{http.MethodGet, "/readyz", ""},
	} {
		a := c.as(access).want(http.StatusServiceUnavailable, call.method, call.path, call.body)
		if text := strings.ToLower(a.text); strings.Contains(text, "sql") || strings.Contains(text, "closed") {
			t.Errorf("%s tells %s", call.path, a.text)
		}
	}
	c.want(http.StatusOK, http.MethodGet, "/healthz", "")
}

func TestTwoHundredLoginsAtOnceAreBounded(t *testing.T) {
	cfg := cheap(t, "memory")
	cfg.Hash = argon2.Config{Params: argon2.DefaultParams(), Parallel: 1, Waiting: 8, MaxWait: time.Hour}
	cfg.Throttle.Attempts = 1000
	p := start(t, cfg)
	c := p.caller()
	c.signUp("ana@example.com")
	var (
		wg       sync.WaitGroup
		mu       sync.Mutex
		statuses = map[int]int{}
	)
	for i := range 200 {
		wg.Go(func() {
			a := c.do(http.MethodPost, "/api/auth/login", jsonOf("email", "ana@example.com", "password", password), "X-Request-Id", fmt.Sprint("login-", i))
			mu.Lock()
			defer mu.Unlock()
			statuses[a.status]++
			if a.status == http.StatusServiceUnavailable && (a.str("code") != "busy" || a.header.Get("Retry-After") == "") {
				t.Errorf("refused with the code %q and Retry-After %q", a.str("code"), a.header.Get("Retry-After"))
			}
		})
	}
	wg.Wait()
	if statuses[http.StatusOK] < 9 || statuses[http.StatusOK]+statuses[http.StatusServiceUnavailable] != 200 {
		t.Errorf("statuses %v", statuses)
	}
	c.login("ana@example.com", password) // and afterwards all is well
}

func TestUnknownAddressAndWrongPasswordTakeTheSameTimeAndBody(t *testing.T) {
	cfg := cheap(t, "memory")
	cfg.Hash.Params = argon2.DefaultParams()
	cfg.Throttle.Attempts = 1000
	p := start(t, cfg)
	c := p.caller()
	c.signUp("ana@example.com")
	var took [2]time.Duration
	var bodies [2]string
	for range 9 { // in turns, so that both meet the same machine
		for i, email := range []string{"ana@example.com", "nobody@example.com"} {
			began := spent(t)
			a := c.want(http.StatusUnauthorized, http.MethodPost, "/api/auth/login", jsonOf("email", email, "password", "not the password"))
			took[i] += spent(t) - began
			delete(a.body, "traceId")
			b, err := json.Marshal(a.body)
			if err != nil {
				t.Fatal(err)
			}
			bodies[i] = string(b)
		}
	}
	if bodies[0] != bodies[1] {
		t.Errorf("bodies %s and %s", bodies[0], bodies[1])
	}
	// A login without the dummy hash would be a hundred times as fast.
	if ratio := float64(took[0]) / float64(took[1]); ratio < 0.4 || ratio > 2.5 {
		t.Errorf("wrong passwords take %v, unknown addresses %v", took[0], took[1])
	}
}

// spent is the processor time of this process: what others do on the machine does not
// count, as it does in the time of a clock.
func spent(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestAPasswordChangeEndsTheOtherSessionsAlone(t *testing.T) {
	p := start(t, cheap(t, sqliteDSN(t)))
	c := p.caller()
	c.signUp("ana@example.com")
	mine, myRefresh := c.login("ana@example.com", password)
	_, otherRefresh := c.login("ana@example.com", password)
	c.as(mine).want(http.StatusNoContent, http.MethodPost, "/api/users/me/password", jsonOf("currentPassword", password, "newPassword", "an even better one"))
	c.want(http.StatusOK, http.MethodPost, "/api/auth/refresh", jsonOf("refreshToken", myRefresh))
	c.want(http.StatusUnauthorized, http.MethodPost, "/api/auth/refresh", jsonOf("refreshToken", otherRefresh))
}

func TestWhatAnotherIsAndOwnsCannotBeReached(t *testing.T) {
	p := start(t, cheap(t, "memory"))
	c := p.caller()
	c.signUp("ana@example.com")
	bea := c.signUp("bea@example.com")
	access, _ := c.login("ana@example.com", password)
	for _, header := range []string{"X-User-Id", "X-User_Id", "X-Internal-User", "Forwarded", "X-Forwarded-User"} {
		c.want(http.StatusUnauthorized, http.MethodGet, "/api/users/me", "", header, bea)
		a := c.as(access).want(http.StatusOK, http.MethodGet, "/api/users/me", "", header, bea)
		if a.str("email") != "ana@example.com" {
			t.Errorf("with %s ana sees %s", header, a.text)
		}
	}
	c.as(access).want(http.StatusNotFound, http.MethodGet, "/api/users/"+bea, "")
	c.as(access).want(http.StatusBadRequest, http.MethodPatch, "/api/users/me", `{"name": "Ana", "roles": ["admin"]}`)
	c.as(access).want(http.StatusBadRequest, http.MethodPatch, "/api/users/me", `{"name": "Ana", "id": "`+bea+`"}`)
}
