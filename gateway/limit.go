package gateway

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/middleware"
)

// maxClients is how many addresses or users a rate limit remembers.
const maxClients = 50_000

// Rate is how often one client may come. The zero Rate means as often as it likes.
type Rate struct {
	// PerMinute is the lasting rate.
	PerMinute int
	// Burst is how many may come at once.
	Burst int
}

// String returns the form that Set reads, such as "20/5".
func (r Rate) String() string {
	if r == (Rate{}) {
		return "off"
	}
	return strconv.Itoa(r.PerMinute) + "/" + strconv.Itoa(r.Burst)
}

// Set reads "20/5", 20 a minute and 5 at once, or "off". Rate is a flag.Value.
func (r *Rate) Set(s string) error {
	if s == "off" {
		*r = Rate{}
		return nil
	}
	perMinute, burst, ok := strings.Cut(s, "/")
	p, err1 := strconv.Atoi(perMinute)
	b, err2 := strconv.Atoi(burst)
	if !ok || err1 != nil || err2 != nil || p < 1 || b < 1 {
		return fmt.Errorf("rate %q: want a number per minute and a burst, such as 20/5, or off", s)
	}
	*r = Rate{PerMinute: p, Burst: b}
	return nil
}

// Rates are the rates of all classes. It can be compared and copied.
type Rates struct{ Auth, Purchase, Read, Webhook Rate }

// Of returns the rate of one class, to be read or changed.
func (r *Rates) Of(class Class) *Rate {
	switch class {
	case ClassAuth:
		return &r.Auth
	case ClassPurchase:
		return &r.Purchase
	case ClassWebhook:
		return &r.Webhook
	case ClassRead:
	}
	return &r.Read
}

// Limiters are the rate limits of one kind of client, one for each class.
type Limiters struct {
	of  map[Class]*middleware.Limiter
	key func(*call) string
}

// NewAddressLimiters limits by the client's address.
func NewAddressLimiters(rates Rates) (*Limiters, error) {
	return newLimiters(rates, func(c *call) string { return network(c.client).String() })
}

// NewUserLimiters limits by the user whose token was verified. Who needs no token is
// nobody's concern here: all such clients are not one.
func NewUserLimiters(rates Rates) (*Limiters, error) {
	return newLimiters(rates, func(c *call) string { return c.userID })
}

func newLimiters(rates Rates, key func(*call) string) (*Limiters, error) {
	l := &Limiters{of: map[Class]*middleware.Limiter{}, key: key}
	for _, class := range Classes() {
		rate := *rates.Of(class)
		if rate == (Rate{}) {
			continue
		}
		limiter, err := middleware.NewLimiter(float64(rate.PerMinute)/60, rate.Burst, maxClients)
		if err != nil {
			return nil, fmt.Errorf("gateway: rate of %s: %w", class, err)
		}
		l.of[class] = limiter
	}
	return l, nil
}

// Limit refuses requests of a client that come too often for the class.
func (l *Limiters) Limit(class Class) func(http.Handler) http.Handler {
	limiter := l.of[class]
	return func(next http.Handler) http.Handler {
		if limiter == nil {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if key := l.key(callFrom(r.Context())); key != "" {
				if err := limiter.Check(key); err != nil {
					httpserver.WriteError(r.Context(), w, err)
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// Bound limits the time of the whole request. A stream has no limit; the server
// bounds each of its writes.
func Bound(route Route) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if route.Stream {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), route.Timeout)
			defer cancel()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}
