// Package function runs the welcome as an AWS Lambda function whose event source is the
// welcome's queue on RabbitMQ.
//
// The program is the bootstrap of the runtime provided.al2023. Its flags are the worker's
// and come from the environment: BUS_URL, WELCOME_NOTIFIER, WELCOME_SERVICE_TOKEN,
// WELCOME_SMTP_ADDR and so on. It declares the queue when it starts.
package function

import (
	"context"
	"errors"
	"flag"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"gamestore.example/pkg/bus/rabbit"
	"gamestore.example/pkg/errs"
	"gamestore.example/pkg/process"
	"gamestore.example/users/app/welcome"
	"gamestore.example/users/transport/lambdaapi"
)

// Run parses args and the environment and serves invocations. It returns only what keeps it
// from starting: the process ends when Lambda ends it.
func Run(ctx context.Context, name string, args []string) (err error) {
	var (
		fs     = flag.NewFlagSet(name, flag.ContinueOnError)
		log    process.LogConfig
		broker rabbit.Config
		cfg    welcome.Config
	)
	log.RegisterFlags(fs)
	broker.RegisterFlags(fs, "bus.")
	cfg.RegisterFlags(fs, "welcome.")
	if err := process.Parse(fs, args); err != nil {
		return err
	}
	broker.Name, broker.Logger = "gamestore-"+name, log.New(os.Stderr).With("service", name)
	app, err := welcome.New(cfg, welcome.Deps{Logger: broker.Logger, Broker: broker})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	events, err := rabbit.New(broker)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, events.Close()) }()
	f, err := compose(ctx, app, events, broker)
	if err != nil {
		return err
	}
	lambda.StartWithOptions(f.Handle, lambda.WithContext(ctx))
	return nil
}

// compose makes the function of the app's queue. A broker that is away is no error: what
// cannot be buried comes again.
func compose(ctx context.Context, app *welcome.App, events *rabbit.Bus, broker rabbit.Config) (*lambdaapi.Function, error) {
	s := app.Subscriptions()[0]
	if err := events.Declare(ctx, s.Queue); err != nil && errs.ClassOf(err) != errs.Unavailable {
		return nil, err
	}
	return lambdaapi.NewFunction(rabbit.QueueName(s.Queue.Name), s, events.Bury, broker.Logger)
}
