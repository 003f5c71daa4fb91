// Package auth issues and verifies access tokens.
//
// A token is a JWT of type at+jwt (RFC 9068), signed with a key of a Keyring and
// verified with the public keys of a KeySource: the Keyring itself in the
// same process, RemoteKeys elsewhere. The algorithm is a property of the key, never of
// the token; headers that name a key by content or URL (jwk, jku, x5c, x5u) are
// ignored, and kid is only the key of a map.
//
// Who calls travels in the context: transports put the raw token there, the
// Authenticate middleware verifies it and puts the Principal beside it.
package auth
