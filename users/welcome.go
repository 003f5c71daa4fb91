package users

import (
	"context"
	"errors"
	"strings"
	"unicode"

	"gamestore.example/pkg/errs"
)

// ErrContactUnknown says that the accounts could not say how to reach somebody, which
// is no fault of who is to be welcomed.
var ErrContactUnknown = errs.New(errs.Unavailable, "contact-unknown", "the users service does not say how to reach the user")

// Welcome asks to welcome somebody who signed up.
type Welcome struct {
	// EventID is the id of the event that told of the sign-up. Notifications of the same
	// one have the same ID.
	EventID string
	UserID  string
}

// Welcomer is the inbound port of the welcome.
type Welcomer interface {
	// Welcome notifies the user, at least once for each EventID: a repetition notifies
	// again, with the same Notification.ID. Nobody is notified, without an error, when the
	// account was deleted meanwhile. ErrContactUnknown, and the errors of
	// Notifier.Notify.
	Welcome(ctx context.Context, c Welcome) error
}

// Contacts says how to reach people. Accounts is one, and so is its client in another
// process: it is for services, not for users, and the only way of personal data to them,
// since events carry none.
type Contacts interface {
	// Contact returns how to reach the person of a living account, or ErrUserNotFound.
	Contact(ctx context.Context, q GetContact) (Contact, error)
}

// Notification is a message to a person.
type Notification struct {
	// ID is the same for repetitions of the same message, so that who gets it twice can
	// tell. It is made of ASCII letters, digits and hyphens.
	ID string
	To Contact
	// Subject is one line of printable characters. Text is plain text with lines that end
	// in "\n".
	Subject, Text string
}

// Notifier delivers notifications.
type Notifier interface {
	// Notify delivers a notification, or hands it to somebody who will. Whether it was
	// delivered is unknown after an error of class Timeout or Unavailable.
	// ErrDeferred and ErrRefused are of this notification; an error of class
	// Unavailable is of the notifier, whatever the notification.
	Notify(ctx context.Context, n Notification) error
}

// The failures of a notification.
var (
	// ErrDeferred says that this person cannot be reached now, and may be later.
	ErrDeferred = errs.New(errs.RateLimited, "notification-deferred", "the notification cannot be delivered now")
	// ErrRefused says that this person cannot be reached at all.
	ErrRefused = errs.New(errs.Unprocessable, "notification-refused", "the notification was refused for good")
)

// Reception is the Welcomer. It is safe for concurrent use.
type Reception struct {
	contacts Contacts
	notifier Notifier
}

var _ Welcomer = (*Reception)(nil)

// NewReception returns a Welcomer, or an error when a dependency is missing.
func NewReception(contacts Contacts, notifier Notifier) (*Reception, error) {
	if contacts == nil || notifier == nil {
		return nil, errors.New("users: a welcome needs contacts and a notifier")
	}
	return &Reception{contacts: contacts, notifier: notifier}, nil
}

// Welcome implements Welcomer.
func (r *Reception) Welcome(ctx context.Context, c Welcome) error {
	var bad fields
	bad.check("eventId", idProblem(c.EventID))
	bad.check("userId", idProblem(c.UserID))
	if err := errs.InvalidFields(bad...); err != nil {
		return err
	}
	to, err := r.contacts.Contact(ctx, GetContact{UserID: c.UserID})
	switch {
	case errors.Is(err, ErrUserNotFound):
		return nil
	case err != nil:
		return contactError(err)
	}
	return r.notifier.Notify(ctx, Notification{
		ID: "welcome-" + c.EventID, To: to, Subject: "Welcome to Gamestore", Text: welcomeText(to.Name),
	})
}

// contactError tells what is this account's, which another try or a look may mend, from
// what keeps everybody from being welcomed: a service that is away, a token that it does not take.
func contactError(err error) error {
	if class := errs.ClassOf(err); class == errs.Internal || class == errs.Invalid {
		return err
	}
	return ErrContactUnknown.WithCause(err)
}

// maxID is more than any id that is made here has, in bytes.
const maxID = 64

// idProblem says what is wrong with an id that somebody else made, or "". Ids
// become parts of headers.
func idProblem(id string) string {
	switch {
	case id == "":
		return "is required"
	case len(id) > maxID:
		return "is too long"
	case strings.ContainsFunc(id, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}):
		return "has other characters than letters, digits and hyphens"
	}
	return ""
}

func welcomeText(name string) string {
	greeting := "Hello"
	if name, ok := safeName(name); ok {
		greeting += " " + name
	}
	return greeting + ",\n\n" +
		"thank you for signing up. Your account is ready: log in, find a game you like\n" +
		"and buy it; it is in your library a moment later.\n\n" +
		"If it was not you who signed up, somebody made a mistake with the address, and\n" +
		"you need not do anything.\n\n" +
		"Gamestore\n"
}

// safeName returns a name as it may be put into a text, and whether it may. Anybody can
// sign somebody else up: what looks like a link or an address is not sent to them
// in the store's name.
func safeName(name string) (string, bool) {
	name = strings.Join(strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unprintable(r) }), " ")
	if name == "" || strings.ContainsAny(name, "/\\:@<>") {
		return "", false
	}
	for _, word := range strings.Split(name, " ") {
		if strings.ContainsAny(strings.TrimRight(word, "."), ".。．｡") { // a dot inside of a word, as in www.example
			return "", false
		}
	}
	return name, true
}
