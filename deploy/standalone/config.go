package standalone

import (
	"flag"
	"path/filepath"

	games "gamestore.example/games/app"
	gateway "gamestore.example/gateway/app"
	payments "gamestore.example/payments/app"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/process"
	users "gamestore.example/users/app"
	"gamestore.example/users/app/welcome"
)

// Config is what the store can be told from outside: where its data is, and what
// each app can be told.
type Config struct {
	// Data is the folder of everything that the store keeps.
	Data string
	// Seed puts the example catalogue into an empty store.
	Seed     bool
	HTTP     httpserver.Config
	Users    users.Config
	Games    games.Config
	Payments payments.Config
	Gateway  gateway.Config
	Welcome  welcome.Config
}

// RegisterFlags sets c to the defaults of one process and adds all flags. Where
// each app keeps its data follows from Data unless its own flag says otherwise.
func (c *Config) RegisterFlags(fs *flag.FlagSet) {
	fs.StringVar(&c.Data, "data", "data", "`folder` of everything the store keeps")
	fs.BoolVar(&c.Seed, "seed", true, "put the example catalogue into an empty store")
	// The routes bound their bodies, and their refusals carry the request id: the
	// server's own bound is only a backstop.
	c.HTTP.MaxBody = 64 << 20
	c.HTTP.RegisterFlags(fs, "http.")
	c.Users.RegisterFlags(fs, "users.")
	c.Games.RegisterFlags(fs, "games.")
	c.Payments.RegisterFlags(fs, "payments.")
	c.Gateway.RegisterFlags(fs, "gateway.")
	c.Welcome.RegisterFlags(fs, "welcome.")
	for name, value := range map[string]string{
		// Nobody else works on this data: what a killed store had under way is taken
		// up again soon.
		"users.outbox.lease": "2s", "games.outbox.lease": "2s", "payments.outbox.lease": "2s",
		"payments.provider.timeout": "1s", "payments.worker.lease": "6s",
	} {
		setDefault(fs, name, value)
	}
}

// setDefault changes the default of a flag that an app registered.
func setDefault(fs *flag.FlagSet, name, value string) {
	f := fs.Lookup(name)
	if err := f.Value.Set(value); err != nil {
		panic("standalone: default of -" + name + ": " + err.Error())
	}
	f.DefValue = value
}

// place puts what has no flag of its own set into the data folder.
func (c *Config) place(fs *flag.FlagSet) {
	set := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { set[f.Name] = true })
	for name, target := range map[string]struct {
		value *string
		to    string
	}{
		"users.db.dsn":    {&c.Users.DSN, "sqlite:" + c.in("users.db")},
		"users.keys.dir":  {&c.Users.KeysDir, c.in("keys")},
		"games.db.dsn":    {&c.Games.DSN, "sqlite:" + c.in("games.db")},
		"games.search":    {&c.Games.Search, "bleve:" + c.in("games.bleve")},
		"payments.db.dsn": {&c.Payments.DSN, "sqlite:" + c.in("payments.db")},
	} {
		if !set[name] {
			*target.value = target.to
		}
	}
}

func (c *Config) in(name string) string { return filepath.Join(c.Data, name) }

// Parse reads the flags of a store from args, the environment and the config file.
func (c *Config) Parse(fs *flag.FlagSet, args []string) error {
	if err := process.Parse(fs, args); err != nil {
		return err
	}
	c.place(fs)
	return nil
}
