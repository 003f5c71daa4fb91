// Package rpc is request and reply between services over a message broker, in
// go-kit's shape: decode, endpoint, encode. It knows no broker; something that carries
// a Request to a Handler and its Answer back is a Caller.
//
// An operation has a name, such as "games.PurchaseGame", and takes and answers JSON:
// the same DTOs, statuses, problem documents and headers as over HTTP, except that what
// is in the path and the query there is in the request's body here.
//
// A request may come twice when who served it died before the answer was out. It is
// then carried out again only if that is harmless; see Route.
package rpc
