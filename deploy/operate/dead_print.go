package operate

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"gamestore.example/pkg/bus"
)

// letterJSON is a dead letter in a list.
type letterJSON struct {
	Queue       string    `json:"queue"`
	ID          string    `json:"id"`
	Key         string    `json:"key"`
	Reason      string    `json:"reason"`
	Attempts    int       `json:"attempts"`
	At          time.Time `json:"at,omitzero"`
	ContentType string    `json:"contentType"`
	Size        int       `json:"size"`
}

// wholeLetterJSON has the body, too: as JSON, else as text, else in base64.
type wholeLetterJSON struct {
	letterJSON
	Headers    map[string]string `json:"headers"`
	Body       json.RawMessage   `json:"body,omitempty"`
	BodyText   string            `json:"bodyText,omitempty"`
	BodyBase64 []byte            `json:"bodyBase64,omitempty"`
}

func toJSON(l bus.DeadLetter) letterJSON {
	m := l.Message
	return letterJSON{
		Queue: l.Queue, ID: m.ID, Key: m.Key, Reason: string(l.Reason), Attempts: m.Attempt, At: l.At.UTC(),
		ContentType: m.ContentType, Size: len(m.Body),
	}
}

func printLetters(p printer, letters []bus.DeadLetter, more bool) error {
	list := make([]letterJSON, 0, len(letters))
	for _, l := range letters {
		list = append(list, toJSON(l))
	}
	if done, err := p.json(list); done {
		return err
	}
	if len(list) == 0 && !more {
		return p.say("There are no dead letters.")
	}
	rows := [][]string{{"SINCE", "QUEUE", "ID", "KEY", "REASON", "ATTEMPTS", "BYTES"}}
	for _, l := range list {
		rows = append(rows, []string{stamp(l.At), l.Queue, id(l.ID), l.Key, l.Reason, strconv.Itoa(l.Attempts), strconv.Itoa(l.Size)})
	}
	if err := p.table(rows...); err != nil || !more {
		return err
	}
	return p.say("There are more; see -limit.")
}

func printLetter(p printer, l bus.DeadLetter) error {
	whole := wholeLetterJSON{letterJSON: toJSON(l), Headers: l.Message.Headers}
	if whole.Headers == nil {
		whole.Headers = map[string]string{}
	}
	body := l.Message.Body
	switch {
	case json.Valid(body):
		whole.Body = body
	case utf8.Valid(body):
		whole.BodyText = string(body)
	default:
		whole.BodyBase64 = body
	}
	if done, err := p.json(whole); done {
		return err
	}
	rows := [][]string{
		{"Queue", l.Queue},
		{"ID", id(l.Message.ID)},
		{"Key", l.Message.Key},
		{"Reason", string(l.Reason)},
		{"Attempts", strconv.Itoa(l.Message.Attempt)},
		{"Since", stamp(l.At)},
		{"Content type", l.Message.ContentType},
	}
	for _, name := range slices.Sorted(maps.Keys(l.Message.Headers)) {
		rows = append(rows, []string{"Header " + name, l.Message.Headers[name]})
	}
	if err := p.table(rows...); err != nil {
		return err
	}
	return p.say("\n%s", bodyText(body))
}

// bodyText is a body for people: JSON indented, other text as it is, bytes as a dump.
func bodyText(body []byte) string {
	var pretty bytes.Buffer
	switch {
	case len(body) == 0:
		return "(no body)"
	case json.Indent(&pretty, body, "", "  ") == nil:
		return escape(pretty.String(), true)
	case utf8.Valid(body):
		return escape(string(body), true)
	}
	return hex.Dump(body)
}
