package welcome

import (
	"errors"
	"flag"
	"fmt"

	"gamestore.example/users/adapter/smtp"
)

// The notifiers.
const (
	// Log only writes into the log that there is a notification.
	Log = "log"
	// SMTP sends mail.
	SMTP = "smtp"
)

// Config is what the welcome can be told from outside.
type Config struct {
	// Notifier is Log or SMTP.
	Notifier string
	// SMTP says how mail leaves.
	SMTP smtp.Config
	// ServiceToken is the secret with which the users service is asked how to reach
	// people. It is not needed in one process with it.
	ServiceToken string
}

// RegisterFlags sets c to the defaults and adds its flags under the prefix, such as
// "welcome.". Prefer the variables of the secrets, WELCOME_SERVICE_TOKEN and
// WELCOME_SMTP_PASSWORD, since others can see a process's arguments.
func (c *Config) RegisterFlags(fs *flag.FlagSet, prefix string) {
	*c = Config{Notifier: Log}
	fs.StringVar(&c.Notifier, prefix+"notifier", c.Notifier, "log, or smtp to send mail")
	fs.StringVar(&c.ServiceToken, prefix+"service.token", "", "`secret` with which the users service is asked how to reach people, one of its -users.service.token")
	c.SMTP.RegisterFlags(fs, prefix+"smtp.")
}

func (c Config) validate(remote bool) error {
	if c.Notifier != Log && c.Notifier != SMTP {
		return fmt.Errorf("welcome: the notifier %q: want %s or %s", c.Notifier, Log, SMTP)
	}
	if remote && c.ServiceToken == "" {
		return errors.New("welcome: -welcome.service.token is required: without it the users service does not say how to reach people")
	}
	return nil
}
