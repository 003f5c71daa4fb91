// Package contract holds the gateway against its own OpenAPI document, the one that
// it serves: every operation is driven, and every request and answer is compared.
package contract
