package operate

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/peterbourgon/ff/v3"

	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/sqldb"
)

// places says where things are. Its flags are those of the store, and so are the
// variables and the lines of the config file.
type places struct {
	data                   string
	users, games, payments string
	rabbit                 string
}

func (p *places) registerFlags(fs *flag.FlagSet) {
	p.each(func(value *string, name, fallback, usage string) { fs.StringVar(value, name, fallback, usage) })
	fs.String("config", "", "`file` with a flag and its value on each line")
}

func (p *places) each(do func(value *string, name, fallback, usage string)) {
	do(&p.data, "data", "data", "`folder` of everything the store keeps")
	for _, s := range p.services() {
		do(s.dsn, s.name+".db.dsn", "", "where "+s.name+" keeps its data: sqlite:`path`; empty means "+s.name+".db in the data folder")
	}
	do(&p.rabbit, "bus.url", "", "RabbitMQ of the services, as amqp://user:password@host:5672/vhost; empty means the bus in the data folder")
}

// place is one service's database.
type place struct {
	name string
	dsn  *string
}

func (p *places) services() []place {
	return []place{{"users", &p.users}, {"games", &p.games}, {"payments", &p.payments}}
}

// parse fills in, for what no flag says, the environment and then the config file.
// The other flags of a command are nobody's but the command line's.
func (p *places) parse(given *flag.FlagSet) error {
	fs := flag.NewFlagSet(given.Name(), flag.ContinueOnError)
	fs.String("config", "", "")
	fresh := *p // the values of the flags that were given stay until they are read
	fresh.each(func(value *string, name, fallback, usage string) { fs.StringVar(value, name, fallback, usage) })
	var args []string
	given.Visit(func(f *flag.Flag) {
		if fs.Lookup(f.Name) != nil {
			args = append(args, "-"+f.Name+"="+f.Value.String())
		}
	})
	err := ff.Parse(fs, args, ff.WithEnvVars(), ff.WithConfigFileFlag("config"), ff.WithConfigFileParser(ff.PlainParser), ff.WithIgnoreUndefined(true))
	if err != nil {
		return err
	}
	*p = fresh
	for _, s := range p.services() {
		if *s.dsn == "" {
			*s.dsn = sqlitePrefix + filepath.Join(p.data, s.name+".db")
		}
	}
	return nil
}

const sqlitePrefix = "sqlite:"

// file returns the path of a service's database.
func (s place) file() (string, error) {
	if path, ok := strings.CutPrefix(*s.dsn, sqlitePrefix); ok && path != "" {
		return path, nil
	}
	if *s.dsn == "memory" {
		return "", fmt.Errorf("%s keeps its data in the memory of its process: there is nothing to look into", s.name)
	}
	return "", fmt.Errorf("%s: the store %q: want sqlite:<path>", s.name, *s.dsn)
}

// open opens a service's database to look into it.
func (s place) open(ctx context.Context) (*sqldb.DB, error) {
	path, err := s.file()
	if err != nil {
		return nil, err
	}
	db, err := sqldb.OpenReadOnly(ctx, path)
	return db, s.explain(err)
}

// openToWrite opens a service's database, which must be there.
func (s place) openToWrite(ctx context.Context) (*sqldb.DB, error) {
	path, err := s.file()
	if err != nil {
		return nil, err
	}
	if _, err := sqldb.Existing(path); err != nil {
		return nil, s.explain(err)
	}
	db, err := sqldb.OpenSQLite(ctx, path)
	return db, s.explain(err)
}

func (s place) explain(err error) error {
	path := strings.TrimPrefix(*s.dsn, sqlitePrefix)
	return explain(s.name, path, err)
}

// explain says in an operator's words what is wrong with a file.
func explain(name, path string, err error) error {
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, sqldb.ErrNoDatabase):
	case missing(filepath.Dir(path)):
		return fmt.Errorf("there is no folder %s; -data names the data folder of the store", filepath.Dir(path))
	default:
		return fmt.Errorf("there is no database of %s at %s", name, path)
	}
	if errs.ClassOf(err) == errs.Unavailable {
		return fmt.Errorf("%s is locked or cannot be read or written, try again: %w", path, err)
	}
	if strings.Contains(err.Error(), "no such table") {
		return fmt.Errorf("%s is not a database of %s, or of another version: %w", path, name, err)
	}
	return fmt.Errorf("%s: %w", path, err)
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, os.ErrNotExist)
}
