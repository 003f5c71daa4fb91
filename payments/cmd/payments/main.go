// Command payments runs the payments service as a process of its own. With -worker it
// only takes purchases from the bus and answers there; many may run side by side on
// one database.
package main

import (
	"context"
	"flag"
	"os"

	"gamestore.example/payments/app"
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
		Name: "payments", Version: version, Revision: revision,
		Addr: "127.0.0.1:8083", CanWork: true,
		RegisterFlags: func(fs *flag.FlagSet) {
			cfg.RegisterFlags(fs, "payments.")
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
