package app

import (
	"flag"
	"fmt"
	"runtime"
	"strings"
	"time"

	"gamestore.example/pkg/outbox"

	"gamestore.example/pkg/auth"
	"gamestore.example/users"
	"gamestore.example/users/adapter/argon2"
	"gamestore.example/users/adapter/memory"
)

// maxTokenTTL bounds the life of access tokens, which nothing can revoke.
const maxTokenTTL = 15 * time.Minute

// Config is what the service can be told from outside.
type Config struct {
	// Outbox says how events leave the store.
	Outbox outbox.RelayConfig
	// DSN is where accounts are stored: "sqlite:<path>", or "memory" to forget them.
	DSN string
	// KeysDir is the folder of the keys that sign access tokens.
	KeysDir string
	// TokenIssuer and TokenAudience go into every access token.
	TokenIssuer, TokenAudience string
	// TokenTTL is how long an access token lives, at most 15 minutes.
	TokenTTL time.Duration
	// SessionTTL is how long a session can be refreshed after its login.
	SessionTTL time.Duration
	// AdminEmail is the address of the first admin, who is made when there is no
	// admin; empty makes none. AdminPassword is the password; empty means a random one,
	// which Deps.AnnounceAdmin gets.
	AdminEmail, AdminPassword string
	// Hash says how passwords are hashed and how many at once.
	Hash argon2.Config
	// ServiceTokens are the secrets with which other services may ask how to reach people,
	// with commas between them; empty lets nobody ask.
	ServiceTokens string
	// Throttle says how many logins of one account may fail.
	Throttle memory.ThrottleConfig
}

// Defaults returns the configuration that needs no other.
func Defaults() Config {
	return Config{
		Outbox:        outbox.RelayConfig{Name: "users"},
		DSN:           "sqlite:data/users.db",
		KeysDir:       "data/keys",
		TokenIssuer:   "gamestore",
		TokenAudience: "gamestore",
		TokenTTL:      auth.DefaultTTL,
		SessionTTL:    users.DefaultSessionTTL,
		AdminEmail:    "admin@gamestore.example",
		Hash: argon2.Config{
			Params: argon2.DefaultParams(), Parallel: max(1, runtime.GOMAXPROCS(0)), Waiting: 100, MaxWait: 5 * time.Second,
		},
		Throttle: memory.ThrottleConfig{Attempts: 10, Window: 5 * time.Minute, Keys: 100_000},
	}
}

// RegisterFlags sets c to the defaults and adds its flags under the prefix, such
// as "users.". The admin's password is also the flag "admin.password" without
// prefix, so that its variable is ADMIN_PASSWORD; prefer the variable, since
// others can see a process's arguments.
func (c *Config) RegisterFlags(fs *flag.FlagSet, prefix string) {
	*c = Defaults()
	c.Outbox.RegisterFlags(fs, prefix+"outbox.")
	fs.StringVar(&c.DSN, prefix+"db.dsn", c.DSN, "where accounts are stored: sqlite:`path`, or memory")
	fs.StringVar(&c.KeysDir, prefix+"keys.dir", c.KeysDir, "`folder` of the keys that sign access tokens")
	fs.StringVar(&c.TokenIssuer, prefix+"token.issuer", c.TokenIssuer, "issuer of access tokens")
	fs.StringVar(&c.TokenAudience, prefix+"token.audience", c.TokenAudience, "audience of access tokens")
	fs.DurationVar(&c.TokenTTL, prefix+"token.ttl", c.TokenTTL, "how long an access token lives, at most 15m")
	fs.DurationVar(&c.SessionTTL, prefix+"session.ttl", c.SessionTTL, "how long a session can be refreshed after its login")
	fs.StringVar(&c.AdminEmail, prefix+"admin.email", c.AdminEmail, "address of the first admin; empty makes none")
	for _, name := range []string{prefix + "admin.password", "admin.password"} {
		fs.StringVar(&c.AdminPassword, name, "", "`password` of the first admin; empty means a random one, printed once")
	}
	fs.StringVar(&c.ServiceTokens, prefix+"service.token", "", "`secret` with which other services ask how to reach people, at least 32 characters; two with a comma while one replaces the other")
	fs.IntVar(&c.Hash.Parallel, prefix+"hash.parallel", c.Hash.Parallel, "how many passwords are hashed at once, with 19 MiB each")
	fs.IntVar(&c.Hash.Waiting, prefix+"hash.waiting", c.Hash.Waiting, "how many more may wait to be hashed")
	fs.DurationVar(&c.Hash.MaxWait, prefix+"hash.max-wait", c.Hash.MaxWait, "how long one may wait to be hashed")
	fs.IntVar(&c.Throttle.Attempts, prefix+"login.attempts", c.Throttle.Attempts, "how many logins of one account may fail in a window")
	fs.DurationVar(&c.Throttle.Window, prefix+"login.window", c.Throttle.Window, "how long it takes until all attempts are back")
}

// validate checks what the parts do not check themselves.
func (c Config) validate() error {
	if c.DSN != "memory" && sqlitePath(c.DSN) == "" {
		return fmt.Errorf("users: the store %q: want memory or sqlite:<path>", c.DSN)
	}
	if c.TokenTTL < time.Second || c.TokenTTL > maxTokenTTL {
		return fmt.Errorf("users: access tokens that live %v: want 1s to %v", c.TokenTTL, maxTokenTTL)
	}
	return nil
}

// sqlitePath returns the path of a SQLite file, or "".
func sqlitePath(dsn string) string {
	path, ok := strings.CutPrefix(dsn, "sqlite:")
	if !ok {
		return ""
	}
	return path
}
