package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

// statusClientGone is what the log and the metrics show for a client that went
// away before there was an answer; nobody receives it.
const statusClientGone = 499

// Times of the connections to upstreams.
const (
	dialTimeout     = 2 * time.Second
	keepAlive       = 30 * time.Second
	idleConnTimeout = 90 * time.Second
	// headerTimeout is a backstop; the routes have shorter limits of their own.
	headerTimeout = 30 * time.Second
	idleConns     = 256
)

// copyBuffer is the size of the buffers that answers are copied through, in bytes.
const copyBuffer = 32 << 10

// Fail answers a request with an error as a problem document.
type Fail func(ctx context.Context, w http.ResponseWriter, err error)

// NewTransport returns the pool of kept-alive connections to the upstreams. It
// asks for no compression, so that bodies pass as they are, and takes no proxy from
// the environment.
func NewTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive}
	return &http.Transport{
		DialContext:           dialer.DialContext,
		MaxIdleConns:          0, // bounded per host
		MaxIdleConnsPerHost:   idleConns,
		IdleConnTimeout:       idleConnTimeout,
		ResponseHeaderTimeout: headerTimeout,
		DisableCompression:    true,
	}
}

// ParseUpstream reads the URL of an upstream: http or https, a host, nothing else.
func ParseUpstream(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("gateway: upstream: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil ||
		(u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("gateway: upstream %q: want http://host:port", text)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// Remote is the proxy to an upstream behind a URL. The transport repeats a
// request by itself only if it is idempotent and its kept connection was dead.
func Remote(target *url.URL, transport http.RoundTripper, fail Fail, logger *slog.Logger) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.Out.URL, pr.Out.Host = outboundURL(pr.Out.URL, target), ""
			setOutbound(pr.Out.Header, pr.In, callFrom(pr.In.Context()))
		},
		Transport: transport,
		// Event streams and answers without a length are flushed at once all the
		// same; a FlushInterval would cost every short answer a system call more.
		FlushInterval:  0,
		BufferPool:     &buffers{},
		ModifyResponse: cleanAnswer,
		ErrorHandler:   remoteError(fail, logger),
		ErrorLog:       slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}

// Local is the proxy to an upstream in the same process. The handler gets a
// request of its own, with the headers that Remote would send, and writes
// straight into the client's answer.
func Local(name string, upstream http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := callFrom(r.Context())
		out := r.Clone(r.Context())
		out.URL = outboundURL(r.URL, &url.URL{})
		out.Host, out.RequestURI, out.RemoteAddr = name, out.URL.RequestURI(), c.remote
		setOutbound(out.Header, r, c)
		upstream.ServeHTTP(w, out)
	})
}

// outboundURL keeps of the client's URL the path and the query alone: it may
// have come in absolute form, with a host of its own.
func outboundURL(in, target *url.URL) *url.URL {
	return &url.URL{Scheme: target.Scheme, Host: target.Host, Path: in.Path, RawPath: in.RawPath, RawQuery: in.RawQuery}
}

// remoteError answers when an upstream did not.
func remoteError(fail Fail, logger *slog.Logger) func(http.ResponseWriter, *http.Request, error) {
	return func(w http.ResponseWriter, r *http.Request, err error) {
		ctx := r.Context()
		var tooLarge *http.MaxBytesError
		var timeout net.Error
		switch {
		case errors.As(err, &tooLarge):
			w.Header().Set("Connection", "close") // the rest of the body is not read
			fail(ctx, w, ErrBodyTooLarge)
		case errors.Is(ctx.Err(), context.DeadlineExceeded), ctx.Err() == nil && errors.As(err, &timeout) && timeout.Timeout() && !dialing(err):
			logger.WarnContext(ctx, "upstream timed out", "server.address", r.URL.Host, "error", err.Error())
			fail(ctx, w, ErrUpstreamTimeout.WithCause(err))
		case ctx.Err() != nil:
			w.WriteHeader(statusClientGone)
		default:
			logger.WarnContext(ctx, "upstream unreachable", "server.address", r.URL.Host, "error", err.Error())
			fail(ctx, w, ErrUpstreamDown.WithCause(err))
		}
	}
}

// dialing tells whether the connection was not even made.
func dialing(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// cleanAnswer removes the headers that the gateway answers for itself.
func cleanAnswer(resp *http.Response) error {
	for name := range resp.Header {
		if ownHeader(name) {
			delete(resp.Header, name)
		}
	}
	return nil
}

// buffers lends the buffers that answers are copied through.
type buffers struct{ pool sync.Pool }

// Get returns a buffer of copyBuffer bytes.
func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return *p
	}
	return make([]byte, copyBuffer)
}

// Put takes a buffer back.
func (b *buffers) Put(p []byte) { b.pool.Put(&p) }
