// Command users runs the users service as a process of its own.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"gamestore.example/pkg/process"
	"gamestore.example/users/app"
)

// Set by the linker.
var version, revision = "dev", "unknown" //nolint:gochecknoglobals // the linker needs variables

func main() {
	var cfg app.Config
	os.Exit(process.Main(process.Spec{
		Name: "users", Version: version, Revision: revision,
		Addr: "127.0.0.1:8081",
		RegisterFlags: func(fs *flag.FlagSet) {
			cfg.RegisterFlags(fs, "users.")
		},
		Build: func(ctx context.Context, r process.Runtime) (process.App, error) {
			return app.New(ctx, cfg, app.Deps{
				Logger: r.Logger, Registry: r.Registry, Tracer: r.Tracer, Bus: r.Bus, AnnounceAdmin: announce,
			})
		},
	}))
}

// announce prints the generated password of the first admin, apart from the log.
func announce(email, password string) error {
	_, err := fmt.Fprintf(os.Stdout, "The first admin is %s with the password %s\nIt is shown this once only.\n", email, password)
	return err
}
