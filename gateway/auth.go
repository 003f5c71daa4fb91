package gateway

import (
	"net/http"

	"gamestore.example/pkg/auth"
	"gamestore.example/pkg/httpserver"
	"gamestore.example/pkg/middleware"
)

// Authenticate lets pass who has the access: a good token for User, and the admin
// role in it for Admin. It stops early what cannot succeed; the services verify
// the same token again and do not take the gateway's word. Two Authorization
// headers are none, since the one verified here might not be the one read behind.
func Authenticate(v middleware.TokenVerifier, access middleware.Access) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if access == middleware.Public {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p, err := v.Verify(r.Context(), httpserver.BearerToken(r.Header))
			if err == nil && access != middleware.User && !(access == middleware.Admin && p.IsAdmin()) {
				err = auth.ErrForbidden
			}
			if err != nil {
				httpserver.WriteError(r.Context(), w, err)
				return
			}
			callFrom(r.Context()).userID = p.UserID
			next.ServeHTTP(w, r)
		})
	}
}
