package up

import "fmt"

// How the gateway may reach the services.
const (
	OverHTTP = "http"
	// OverAMQP has nothing but the broker between them.
	OverAMQP = "amqp"
)

// upstreams are the gateway's arguments that say where the services are. It has the
// broker's URL in its environment, as all programs do.
func (c Config) upstreams(url map[string]string) ([]string, error) {
	var args []string
	for _, name := range []string{Users, Games, Payments} {
		switch c.Upstreams {
		case "", OverHTTP:
			args = append(args, "-gateway.upstream."+name, url[name])
		case OverAMQP:
			args = append(args, "-gateway.upstream."+name, "amqp:")
		default:
			return nil, fmt.Errorf("upstreams %q: want %s or %s", c.Upstreams, OverHTTP, OverAMQP)
		}
	}
	return args, nil
}
