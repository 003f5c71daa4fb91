// Command games runs the games service as a process of its own.
package main

import (
	"context"
	"flag"
	"os"

	"gamestore.example/games/app"
	"gamestore.example/pkg/process"
)

// Set by the linker.
var version, revision = "dev", "unknown" //nolint:gochecknoglobals // the linker needs variables

func main() {
	var (
		cfg    app.Config
		tokens process.TokenConfig
	)
	os.Exit(process.Main(process.Spec{
		Name: "games", Version: version, Revision: revision,
		Addr: "127.0.0.1:8082",
		RegisterFlags: func(fs *flag.FlagSet) {
			cfg.RegisterFlags(fs, "games.")
			tokens.RegisterFlags(fs)
		},
		Build: func(ctx context.Context, r process.Runtime) (process.App, error) {
			verifier, err := tokens.NewVerifier()
			if err != nil {
				return nil, err
			}
			return app.New(ctx, cfg, app.Deps{Logger: r.Logger, Registry: r.Registry, Tracer: r.Tracer, Bus: r.Bus, Verifier: verifier})
		},
	}))
}
