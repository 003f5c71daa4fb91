package demo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// callTimeout bounds one call; a purchase arrives well within it.
const callTimeout = 20 * time.Second

type object map[string]any

func (o object) text(key string) string { v, _ := o[key].(string); return v }

func (o object) number(key string) float64 { v, _ := o[key].(float64); return v }

func (o object) object(key string) object { v, _ := o[key].(map[string]any); return v }

func (o object) list(key string) []object {
	items, _ := o[key].([]any)
	objects := make([]object, 0, len(items))
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			objects = append(objects, m)
		}
	}
	return objects
}

type request struct {
	method, path string
	headers      map[string]string
	body         object
	want         int      // the promised status; 0 means any
	show         []string // members of the answer to print
}

type answer struct {
	status int
	header http.Header
	body   object
}

func (a answer) text(key string) string { return a.body.text(key) }

func (a answer) list(key string) []object { return a.body.list(key) }

// caller makes HTTP calls and prints them.
type caller struct {
	base   string
	client *http.Client
	out    io.Writer
	token  string
}

// quietly returns a caller that prints nothing.
func (c caller) quietly() caller { c.out = io.Discard; return c }

func (c caller) chapter(title string) { fmt.Fprintf(c.out, "\n== %s\n", title) }

func (c caller) say(format string, args ...any) {
	fmt.Fprintln(c.out, strings.TrimRight(fmt.Sprintf("   "+format, args...), " "))
}

func (c caller) call(ctx context.Context, r request) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	resp, err := c.send(ctx, r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if err := json.NewDecoder(resp.Body).Decode(&a.body); err != nil {
		return a, fmt.Errorf("%s %s: %s without a JSON body: %w", r.method, r.path, resp.Status, err)
	}
	c.say("%s %s%s", r.method, r.path, sent(r.body))
	c.say("  %s %s", resp.Status, pick(a.body, r.show...))
	if r.want != 0 && a.status != r.want {
		return a, fmt.Errorf("%s %s: got %s, want %d: %v", r.method, r.path, resp.Status, r.want, a.body)
	}
	return a, nil
}

func (c caller) send(ctx context.Context, r request) (*http.Response, error) {
	var body io.Reader
	if r.body != nil {
		encoded, err := json.Marshal(r.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.base+r.path, body)
	if err != nil {
		return nil, err
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for name, value := range r.headers {
		req.Header.Set(name, value)
	}
	return c.client.Do(req)
}

// watch follows a purchase's server-sent events until it has the status.
func (c caller) watch(ctx context.Context, purchase, status string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	resp, err := c.send(ctx, request{method: http.MethodGet, path: purchase + "/events"})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	c.say("GET %s/events", purchase)
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		data, isData := strings.CutPrefix(lines.Text(), "data:")
		if !isData {
			continue
		}
		var p object
		if err := json.Unmarshal([]byte(data), &p); err != nil {
			return err
		}
		c.say("  event: %s", p.text("status"))
		if p.text("status") == status {
			return nil
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("GET %s/events: %w", purchase, err)
	}
	return fmt.Errorf("GET %s/events: %s, and it ended without %q", purchase, resp.Status, status)
}

func sent(body object) string {
	if body == nil {
		return ""
	}
	shown := object{}
	for k, v := range body {
		if k == "password" {
			v = "…"
		}
		shown[k] = v
	}
	b, _ := json.Marshal(shown)
	return " " + string(b)
}

func pick(o object, keys ...string) string {
	if len(keys) == 0 {
		return ""
	}
	picked := object{}
	for _, k := range keys {
		if v, ok := o[k]; ok {
			picked[k] = v
		}
	}
	b, _ := json.Marshal(picked)
	return string(b)
}

func price(o object) string {
	p := o.object("price")
	if p.number("amount") == 0 {
		return "free"
	}
	return fmt.Sprintf("%s %.2f", p.text("currency"), p.number("amount")/100)
}

func contains(ids []string, id string) bool { return slices.Contains(ids, id) }

func lastSegment(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
