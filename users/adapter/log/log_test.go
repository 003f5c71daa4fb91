package log_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"gamestore.example/users"
	"gamestore.example/users/adapter/log"
)

func TestTheLogHasNoPersonalData(t *testing.T) {
	var out bytes.Buffer
	n, err := log.NewNotifier(slog.New(slog.NewJSONHandler(&out, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Notify(t.Context(), users.Notification{
		ID: "welcome-1", To: users.Contact{UserID: "u-1", Name: "Canary Name", Email: "canary@example.com"},
		Subject: "Welcome", Text: "Hello Canary Name",
	}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(strings.ToLower(out.String()), "canary") {
		t.Errorf("the log says %s", out.String())
	}
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line["notification_id"] != "welcome-1" || line["user_id"] != "u-1" || line["subject"] != "Welcome" {
		t.Errorf("the log says %v", line)
	}
}

func TestALoggerIsRequired(t *testing.T) {
	if _, err := log.NewNotifier(nil); err == nil {
		t.Error("no error")
	}
}
