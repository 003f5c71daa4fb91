package process_test

import (
	"flag"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/bus"
	"gamestore.example/pkg/process"
)

func TestTheRetryLadderIsAFlag(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want []time.Duration // nil is an error
	}{
		{nil, bus.RetryLadder()},
		{[]string{"-bus.ladder", "200ms"}, []time.Duration{200 * time.Millisecond}},
		{[]string{"-bus.ladder", "1s, 2m"}, []time.Duration{time.Second, 2 * time.Minute}},
		{[]string{"-bus.ladder", ""}, nil},
		{[]string{"-bus.ladder", "1s,"}, nil},
		{[]string{"-bus.ladder", "0s"}, nil},
		{[]string{"-bus.ladder", "-1s"}, nil},
		{[]string{"-bus.ladder", "1500us"}, nil},
		{[]string{"-bus.ladder", "25h"}, nil},
		{[]string{"-bus.ladder", "1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s"}, nil},
	} {
		fs, cfg := flag.NewFlagSet("example", flag.ContinueOnError), process.BusConfig{}
		fs.SetOutput(io.Discard)
		cfg.RegisterFlags(fs, "example")
		err := fs.Parse(tc.args)
		if tc.want == nil {
			if err == nil {
				t.Errorf("%q is taken as %v", tc.args, cfg.Rabbit.Ladder)
			}
			continue
		}
		if err != nil || !cmp.Equal(cfg.Rabbit.Ladder, tc.want) {
			t.Errorf("%q is taken as %v, %v", tc.args, cfg.Rabbit.Ladder, err)
		}
	}
}
