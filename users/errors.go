package users

import "gamestore.example/pkg/errs"

// The failures of the service. Clients may switch on their codes.
var (
	// ErrEmailTaken says that a living account has the address.
	ErrEmailTaken = errs.New(errs.Conflict, "email-taken", "an account with this e-mail address exists")
	// ErrInvalidCredentials says that no account has this address and password. It
	// does not say which of the two is wrong.
	ErrInvalidCredentials = errs.New(errs.Unauthenticated, "invalid-credentials", "the e-mail address or the password is wrong")
	// ErrWrongPassword says that the current password of a known account is wrong.
	ErrWrongPassword = errs.New(errs.Forbidden, "wrong-password", "the current password is wrong")
	// ErrTooManyAttempts says that too many passwords were wrong lately. It carries
	// how long to wait.
	ErrTooManyAttempts = errs.New(errs.RateLimited, "too-many-attempts", "too many failed attempts for this account; wait and try again")
	// ErrInvalidRefreshToken says that the refresh token is unknown, expired or revoked.
	ErrInvalidRefreshToken = errs.New(errs.Unauthenticated, "invalid-refresh-token", "the refresh token is not valid; log in again")
	// ErrRefreshTokenReused says that a rotated token came back, and that its
	// session has ended because of it.
	ErrRefreshTokenReused = errs.New(errs.Unauthenticated, "refresh-token-reused", "the refresh token was used before, so its session was ended; log in again")
	// ErrNoAccount says that the account an access token names does not exist any more.
	ErrNoAccount = errs.New(errs.Unauthenticated, "no-account", "the account of this token does not exist any more")
	// ErrUserNotFound says that no account has an id or an address. Other services get
	// it; clients get ErrNoAccount or ErrInvalidCredentials.
	ErrUserNotFound = errs.New(errs.NotFound, "user-not-found", "no such user")
	// ErrInvalidCursor says that a cursor of the history was not made here.
	ErrInvalidCursor = errs.New(errs.Invalid, "invalid-cursor", "the cursor is not one of this list's")
	// ErrBusy says that too many passwords are being hashed already.
	ErrBusy = errs.New(errs.Unavailable, "busy", "too many logins at once; try again in a moment")
)
