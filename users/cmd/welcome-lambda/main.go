// Command welcome-lambda is the welcome of new users as an AWS Lambda function:
//
//	GOOS=linux GOARCH=arm64 go build -tags lambda.norpc -o bootstrap ./cmd/welcome-lambda
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"gamestore.example/users/app/welcome/function"
)

func main() {
	if err := function.Run(context.Background(), "welcome-lambda", os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "welcome-lambda: %v\n", err)
		os.Exit(1)
	}
}
