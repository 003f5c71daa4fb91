// Package users is the accounts service: sign-up, login, sessions, the profile
// and the history of an account.
//
// # What it does
//
// An account is made by SignUp and ends as a tombstone: deleting it erases the
// address, the name, the password hash, the sessions and the history, and keeps
// the bare id, so that the address may sign up again as another account.
//
//	          UpdateProfile, ChangePassword
//	              ┌────┐
//	              │    ▼
//	(SignUp) ──▶ living ──(DeleteAccount)──▶ tombstone
//
// Login opens a session: a short access token (a signed JWT, verified by everybody
// without asking) and an opaque refresh token. Refresh exchanges the refresh token for
// a new pair; the tokens of one session are a family, of which one is current.
//
//	            Refresh with the current token
//	              ┌────┐
//	              │    ▼
//	(Login) ───▶ open ──(Logout, password changed elsewhere,  ──▶ revoked
//	                     a rotated token comes back)
//	              │
//	              └────(30 days after Login, whatever happened)──▶ expired
//
// A rotated token that comes back means that two parties hold the family's tokens, and
// nobody can tell the thief: the whole family is revoked. That holds for two refreshes at
// the same time as well: one is first, the other is a reuse, and the session ends. So a client
// refreshes one at a time; in doubt about a lost answer it logs in again.
//
// Access tokens are not looked up anywhere, so they outlive a logout, a password
// change and a deletion by their own short life, at most 15 minutes. What this service
// serves to the owner of a tombstone is ErrNoAccount.
//
// # Ports
//
// Service is the inbound port. The outbound ones are Repository (accounts, sessions,
// history, and the events in the same transaction), Hasher (passwords), TokenIssuer
// (access tokens) and Throttle (guessing).
//
// # Events
//
// UserCreated on every sign-up and UserDeleted on every deletion. Neither carries
// personal data.
package users
