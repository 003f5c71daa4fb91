package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"gamestore.example/pkg/errs"
)

// RemoteKeysConfig bounds how RemoteKeys asks. Zero values mean the defaults.
type RemoteKeysConfig struct {
	// TTL is how long a key set is used before it is asked for again: 5 minutes. It
	// must not be longer than the publish delay of the keyring behind the URL.
	TTL time.Duration
	// MinInterval is the least time between two requests, for whatever reason: 10 s.
	MinInterval time.Duration
	// MaxStale is how long keys are trusted while the URL does not answer: 24 hours.
	MaxStale time.Duration
	// Timeout bounds one request: 5 s.
	Timeout time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// maxJWKS bounds the answer, in bytes.
const maxJWKS = 1 << 20

// RemoteKeys is a KeySource that asks a JWKS URL. Requests are shared between
// callers and rate-limited, so tokens with invented key ids cannot make it a
// weapon; keys it has stay in use while the URL fails. It is safe for concurrent use.
type RemoteKeys struct {
	url    string
	client *http.Client
	cfg    RemoteKeysConfig

	set atomic.Pointer[remoteSet]

	mu     sync.Mutex
	flight chan struct{} // closed when the running request ends; nil: none runs
	asked  time.Time     // when the last request began
	err    error         // how the last request ended
}

// remoteSet is the last good answer.
type remoteSet struct {
	keys    map[string]Key
	etag    string
	fetched time.Time
}

// NewRemoteKeys returns the keys behind the URL. It asks on first use. A nil
// client means http.DefaultClient.
func NewRemoteKeys(url string, client *http.Client, cfg RemoteKeysConfig) *RemoteKeys {
	if client == nil {
		client = http.DefaultClient
	}
	orDefault := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	orDefault(&cfg.TTL, 5*time.Minute)
	orDefault(&cfg.MinInterval, 10*time.Second)
	orDefault(&cfg.MaxStale, 24*time.Hour)
	orDefault(&cfg.Timeout, 5*time.Second)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &RemoteKeys{url: url, client: client, cfg: cfg}
}

// Key returns the key of this id. A known one is answered at once, and an old set
// is refreshed behind it; for an unknown one it asks, if the last request is
// long enough ago. Unavailable if there is no answer to go by.
func (r *RemoteKeys) Key(ctx context.Context, kid string) (Key, error) {
	now := r.cfg.Now()
	set := r.set.Load()
	if key, ok := set.key(kid, now, r.cfg.MaxStale); ok {
		if now.Sub(set.fetched) >= r.cfg.TTL {
			r.refresh(ctx, now)
		}
		return key, nil
	}
	if flight := r.refresh(ctx, now); flight != nil {
		select {
		case <-flight:
		case <-ctx.Done():
			return Key{}, ctx.Err()
		}
	}
	set = r.set.Load()
	if key, ok := set.key(kid, now, r.cfg.MaxStale); ok {
		return key, nil
	}
	if set == nil || now.Sub(set.fetched) >= r.cfg.MaxStale {
		r.mu.Lock()
		defer r.mu.Unlock()
		return Key{}, errs.Wrap(r.err, errs.Unavailable, "the keys of access tokens cannot be had").WithRetryAfter(r.cfg.MinInterval)
	}
	return Key{}, ErrUnknownKey
}

// key finds a key that is not too old. It works on nil.
func (s *remoteSet) key(kid string, now time.Time, maxStale time.Duration) (Key, bool) {
	if s == nil || now.Sub(s.fetched) >= maxStale {
		return Key{}, false
	}
	key, ok := s.keys[kid]
	return key, ok
}

// refresh begins a request, if none runs and the last is long enough ago, and
// returns what is closed when the running one ends, or nil. The request
// outlives its caller, because others may wait for it, but not its timeout.
func (r *RemoteKeys) refresh(ctx context.Context, now time.Time) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight != nil {
		return r.flight
	}
	if !r.asked.IsZero() && now.Sub(r.asked) < r.cfg.MinInterval {
		return nil
	}
	r.asked = now
	flight := make(chan struct{})
	r.flight = flight
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.cfg.Timeout)
		defer cancel()
		set, err := r.fetch(ctx, now)
		if err == nil {
			r.set.Store(set)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.flight, r.err = nil, err
		close(flight)
	}()
	return flight
}

// fetch asks the URL once.
func (r *RemoteKeys) fetch(ctx context.Context, now time.Time) (*remoteSet, error) {
	old := r.set.Load()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return nil, fmt.Errorf("auth: key set: %w", err)
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	if old != nil && old.etag != "" {
		req.Header.Set("If-None-Match", old.etag)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("auth: key set: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotModified && old != nil {
		return &remoteSet{keys: old.keys, etag: old.etag, fetched: now}, nil
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("auth: key set: %s answered %s", r.url, resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxJWKS+1))
	if err != nil {
		return nil, fmt.Errorf("auth: key set: %w", err)
	}
	if len(data) > maxJWKS {
		return nil, fmt.Errorf("auth: key set: more than %d bytes", maxJWKS)
	}
	keys, err := ParseJWKS(data)
	if err == nil && len(keys) == 0 {
		err = errors.New("auth: key set: no usable key")
	}
	if err != nil {
		return nil, err
	}
	return &remoteSet{keys: keys, etag: resp.Header.Get("ETag"), fetched: now}, nil
}
