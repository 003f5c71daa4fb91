package auth

import "gamestore.example/pkg/errs"

var (
	// ErrTokenRequired says that the call carries no token.
	ErrTokenRequired = errs.New(errs.Unauthenticated, "token-required", "an access token is required")
	// ErrTokenInvalid says that the token cannot be trusted. Its cause says why, for the log.
	ErrTokenInvalid = errs.New(errs.Unauthenticated, "token-invalid", "the access token is invalid")
	// ErrTokenExpired says that the token was good and has ended.
	ErrTokenExpired = errs.New(errs.Unauthenticated, "token-expired", "the access token has expired")
	// ErrForbidden says that the caller is known and may not do this.
	ErrForbidden = errs.New(errs.Forbidden, "", "you may not do this")
	// ErrUnknownKey says that no key has this id.
	ErrUnknownKey = errs.New(errs.Unauthenticated, "unknown-key", "the token was signed with an unknown key")
	// ErrRotationPending says that a new key is published already and waits for its time to sign.
	ErrRotationPending = errs.New(errs.Conflict, "rotation-pending", "a new key is already published and not yet signing")
)
