// Package argon2 hashes passwords with argon2id, RFC 9106, in the PHC string form:
//
//	$argon2id$v=19$m=19456,t=2,p=1$<salt>$<key>
//
// Each hash needs much memory on purpose, so a Hasher works on few at once, lets
// some wait, and refuses the rest: a flood of logins costs bounded memory and time.
package argon2

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/argon2"

	"gamestore.example/users"
)

// Params are the costs of a hash.
type Params struct {
	// Memory in KiB, Time in passes, Threads in lanes.
	Memory, Time uint32
	Threads      uint8
}

// DefaultParams is the least that OWASP recommends for argon2id: about 19 MiB and
// some 20 ms of one processor.
func DefaultParams() Params { return Params{Memory: 19456, Time: 2, Threads: 1} }

// Bounds of the parameters that are read and used. A stored hash out of them is
// refused before it costs anything.
const (
	minMemory = 8
	maxMemory = 1 << 20
	maxTime   = 64
	maxLanes  = 16
)

func (p Params) validate() error {
	if p.Threads < 1 || p.Threads > maxLanes || p.Time < 1 || p.Time > maxTime || p.Memory < minMemory*uint32(p.Threads) || p.Memory > maxMemory {
		return fmt.Errorf("argon2: parameters m=%d, t=%d, p=%d are out of range", p.Memory, p.Time, p.Threads)
	}
	return nil
}

// Config says how a Hasher works.
type Config struct {
	Params Params
	// Parallel is how many hashes are computed at once, at least 1.
	Parallel int
	// Waiting is how many more may wait for that, at least 0.
	Waiting int
	// MaxWait is how long one may wait.
	MaxWait time.Duration
}

const (
	saltLength = 16
	keyLength  = 32
	// busyRetry is when a refused client may try again.
	busyRetry = time.Second
)

// Hasher implements users.Hasher. It is safe for concurrent use.
type Hasher struct {
	cfg     Config
	entropy io.Reader
	work    chan struct{} // one for each hash being computed
	queue   chan struct{} // one for each call that is computed or waits
}

var _ users.Hasher = (*Hasher)(nil)

// New returns a Hasher that takes its salts from entropy.
func New(cfg Config, entropy io.Reader) (*Hasher, error) {
	if err := cfg.Params.validate(); err != nil {
		return nil, err
	}
	if cfg.Parallel < 1 || cfg.Waiting < 0 || cfg.MaxWait <= 0 {
		return nil, fmt.Errorf("argon2: %d at once, %d waiting for %v: out of range", cfg.Parallel, cfg.Waiting, cfg.MaxWait)
	}
	return &Hasher{
		cfg: cfg, entropy: entropy,
		work: make(chan struct{}, cfg.Parallel), queue: make(chan struct{}, cfg.Parallel+cfg.Waiting),
	}, nil
}

// Hash implements users.Hasher.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltLength)
	if _, err := io.ReadFull(h.entropy, salt); err != nil {
		return "", fmt.Errorf("argon2: read entropy for a salt: %w", err)
	}
	key, err := h.key(ctx, password, salt, h.cfg.Params, keyLength)
	if err != nil {
		return "", err
	}
	return phc{params: h.cfg.Params, salt: salt, key: key}.String(), nil
}

// Verify implements users.Hasher.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (bool, error) {
	if hash == "" {
		_, err := h.key(ctx, password, make([]byte, saltLength), h.cfg.Params, keyLength)
		return false, err
	}
	want, err := parse(hash)
	if err != nil {
		return false, err
	}
	key, err := h.key(ctx, password, want.salt, want.params, uint32(len(want.key))) //nolint:gosec // parse bounds it
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(key, want.key) == 1, nil
}

// Stale implements users.Hasher.
func (h *Hasher) Stale(hash string) bool {
	p, err := parse(hash)
	return err != nil || p.params != h.cfg.Params || len(p.salt) != saltLength || len(p.key) != keyLength
}

// key computes a key when it is this call's turn.
func (h *Hasher) key(ctx context.Context, password string, salt []byte, p Params, length uint32) ([]byte, error) {
	select {
	case h.queue <- struct{}{}:
		defer func() { <-h.queue }()
	default:
		return nil, users.ErrBusy.WithRetryAfter(busyRetry)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, h.cfg.MaxWait, errWaited)
	defer cancel()
	select {
	case h.work <- struct{}{}:
		defer func() { <-h.work }()
	case <-ctx.Done():
		if errors.Is(context.Cause(ctx), errWaited) {
			return nil, users.ErrBusy.WithRetryAfter(busyRetry)
		}
		return nil, ctx.Err()
	}
	if err := ctx.Err(); err != nil { // both were ready
		return nil, err
	}
	return argon2.IDKey([]byte(password), salt, p.Time, p.Memory, p.Threads, length), nil
}

var errWaited = errors.New("argon2: waited too long")
