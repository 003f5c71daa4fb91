package tracing

import (
	"errors"
	"flag"
	"fmt"
	"net/url"
	"strings"
)

// The exporters.
const (
	// None makes no spans.
	None = "none"
	// OTLP is OpenTelemetry's own protocol, as protobuf over HTTP.
	OTLP = "otlp"
	// Jaeger is Jaeger's Thrift over HTTP.
	Jaeger = "jaeger"
	// Zipkin is Zipkin's JSON, version 2.
	Zipkin = "zipkin"
)

// Config says where spans go. The zero value makes none.
type Config struct {
	// Exporter is one of the above. Empty means OTLP if there is an endpoint, else None.
	Exporter string
	// Endpoint is the collector's URL. Without a path it gets the exporter's usual one;
	// empty means the usual port of this machine.
	Endpoint string
	// Sample is the share of traces that are kept, from 0 to 1. Whether a trace is kept is
	// decided where it begins.
	Sample float64
}

// RegisterFlags sets c to the defaults and adds the flags -trace.*.
func (c *Config) RegisterFlags(fs *flag.FlagSet) {
	*c = Config{Sample: 1}
	fs.StringVar(&c.Exporter, "trace.exporter", "", "otlp, jaeger, zipkin or none (default otlp if there is a -trace.endpoint, else none)")
	fs.StringVar(&c.Endpoint, "trace.endpoint", "", "`URL` of the collector (default the usual port of the exporter on 127.0.0.1)")
	fs.Float64Var(&c.Sample, "trace.sample", c.Sample, "share of traces that are kept, from 0 to 1")
}

// On reports whether c asks for spans.
func (c Config) On() bool { return c.exporter() != None }

func (c Config) exporter() string {
	switch {
	case c.Exporter != "":
		return c.Exporter
	case c.Endpoint != "":
		return OTLP
	}
	return None
}

// usual is where an exporter's collector listens unless told otherwise.
func usual(exporter string) (base, path string, ok bool) {
	switch exporter {
	case OTLP:
		return "http://127.0.0.1:4318", "/v1/traces", true
	case Jaeger:
		return "http://127.0.0.1:14268", "/api/traces", true
	case Zipkin:
		return "http://127.0.0.1:9411", "/api/v2/spans", true
	}
	return "", "", false
}

// collector returns the full URL of the collector.
func (c Config) collector() (string, error) {
	base, path, ok := usual(c.exporter())
	if !ok {
		return "", fmt.Errorf("tracing: exporter %q: want otlp, jaeger, zipkin or none", c.Exporter)
	}
	if c.Endpoint == "" {
		return base + path, nil
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.Fragment != "" {
		// It is not repeated: it may hold a password, and then it must not be in a flag.
		return "", errors.New("tracing: the endpoint must be http://host:port or https://…, without user and password")
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = path
	}
	return u.String(), nil
}

func (c Config) validate() error {
	if !(c.Sample >= 0 && c.Sample <= 1) { // false for NaN, too
		return fmt.Errorf("tracing: sample %v: want a share from 0 to 1", c.Sample)
	}
	if !c.On() {
		return nil
	}
	_, err := c.collector()
	return err
}
