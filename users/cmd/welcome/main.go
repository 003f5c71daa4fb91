// Command welcome is a worker that welcomes new users.
package main

import (
	"context"
	"flag"
	"os"

	"gamestore.example/pkg/process"
	"gamestore.example/users/app/welcome"
)

// Set by the linker.
var version, revision = "dev", "unknown" //nolint:gochecknoglobals // the linker needs variables

func main() {
	var cfg welcome.Config
	os.Exit(process.Main(process.Spec{
		Name: "welcome", Version: version, Revision: revision,
		Addr: "127.0.0.1:8084", OnlyWorks: true,
		RegisterFlags: func(fs *flag.FlagSet) { cfg.RegisterFlags(fs, "welcome.") },
		Build: func(_ context.Context, r process.Runtime) (process.App, error) {
			return welcome.New(cfg, welcome.Deps{Logger: r.Logger, Registry: r.Registry, Tracer: r.Tracer, Broker: r.Broker})
		},
	}))
}
