package users

// RPC is the queue of requests to the service. The property type of a request is one
// of the operations below; its body holds what is in query and body over HTTP, and the
// answer's is the same as there. A queue's arguments cannot change, so its name has a
// version.
const RPC = "gamestore.rpc.users.v2"

// The operations of RPC.
const (
	OpSignUp         = "users.SignUp"         // SignUpRequest → User
	OpLogin          = "users.Login"          // LoginRequest → Tokens
	OpRefresh        = "users.Refresh"        // RefreshRequest → Tokens
	OpLogout         = "users.Logout"         // RefreshRequest → no body
	OpKeys           = "users.Keys"           // Nothing → a key set, RFC 7517
	OpProfile        = "users.Profile"        // Nothing → User
	OpUpdateProfile  = "users.UpdateProfile"  // UpdateProfileRequest → User
	OpChangePassword = "users.ChangePassword" // ChangePasswordRequest → no body
	OpDeleteAccount  = "users.DeleteAccount"  // Nothing → no body
	OpHistory        = "users.History"        // PageRequest → HistoryPage
)

// Operations returns all operations of RPC.
func Operations() []string {
	return []string{
		OpSignUp, OpLogin, OpRefresh, OpLogout, OpKeys, OpProfile, OpUpdateProfile, OpChangePassword, OpDeleteAccount, OpHistory, OpContact,
	}
}

// Nothing is the body of a request that says nothing: {}.
type Nothing struct{}

// PageRequest asks for a page of the person's own things.
type PageRequest struct {
	Limit  int    `json:"limit,omitempty"`
	Cursor string `json:"cursor,omitempty"`
}
