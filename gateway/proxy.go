package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"

	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/rpc"
)

const (
	// statusClientGone is what the log and the metrics show for a client that went
	// away before there was an answer; nobody receives it.
	statusClientGone = 499
	// dialTimeout bounds the making of a connection to an upstream.
	dialTimeout = 2 * time.Second
	// copyBuffer is the size of the buffers that answers are copied through, in bytes.
	copyBuffer = 32 << 10
)

// NewTransport returns the pool of kept-alive connections to the upstreams.
func NewTransport() *http.Transport {
	t := httpserver.NewTransport()
	t.DialContext = (&net.Dialer{Timeout: dialTimeout}).DialContext
	return t
}

// ParseUpstream reads the URL of an upstream: http or https, a host, nothing else.
func ParseUpstream(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil ||
		(u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("want http://host:port") // what there is may hold a password
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// Remote is the proxy to an upstream behind a URL. The transport repeats a
// request by itself only if it is idempotent and its kept connection was dead.
func Remote(target *url.URL, transport http.RoundTripper, logger *slog.Logger) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.Out.URL, pr.Out.Host = outboundURL(pr.Out.URL, target), ""
			setOutbound(pr.Out.Header, pr.In, callFrom(pr.In.Context()))
		},
		Transport: transport,
		// Event streams and answers without a length are flushed at once all the
		// same; a FlushInterval would cost every short answer a system call more.
		FlushInterval: 0,
		BufferPool:    &buffers{},
		ModifyResponse: func(resp *http.Response) error {
			ctx := resp.Request.Context()
			cleanAnswer(resp.Header, callFrom(ctx).answer)
			endInOrder(ctx, resp)
			return nil
		},
		ErrorHandler: remoteError(logger),
		ErrorLog:     slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		callFrom(r.Context()).answer = w.Header()
		proxy.ServeHTTP(w, r)
	})
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
func remoteError(logger *slog.Logger) func(http.ResponseWriter, *http.Request, error) {
	return func(w http.ResponseWriter, r *http.Request, err error) {
		ctx := r.Context()
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			httpserver.WriteError(ctx, w, httpserver.ErrBodyTooLarge.WithDetail("maxBytes", tooLarge.Limit))
		case errors.Is(ctx.Err(), context.Canceled):
			w.WriteHeader(statusClientGone)
		case ctx.Err() != nil, timedOut(err):
			logger.WarnContext(ctx, "upstream timed out", "server.address", r.URL.Host, "error", err.Error())
			httpserver.WriteError(ctx, w, ErrUpstreamTimeout)
		case !repeatable(r) && reached(err):
			logger.WarnContext(ctx, "upstream lost", "server.address", r.URL.Host, "error", err.Error())
			httpserver.WriteError(ctx, w, rpc.ErrOutcomeUnknown)
		default:
			logger.WarnContext(ctx, "upstream unreachable", "server.address", r.URL.Host, "error", err.Error())
			httpserver.WriteError(ctx, w, ErrUpstreamDown)
		}
	}
}

// timedOut tells whether the upstream was reached and then was too slow.
func timedOut(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout() && reached(err)
}

// reached tells whether there was a connection to the upstream: then it may have done
// what it was asked for.
func reached(err error) bool {
	var op *net.OpError
	return !errors.As(err, &op) || op.Op != "dial"
}

// buffers lends the buffers that answers are copied through.
type buffers struct{ pool sync.Pool }

// Get returns a buffer of copyBuffer bytes.
func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[copyBuffer]byte); ok {
		return p[:]
	}
	return new([copyBuffer]byte)[:]
}

// Put takes a buffer back.
func (b *buffers) Put(p []byte) { b.pool.Put((*[copyBuffer]byte)(p)) }
