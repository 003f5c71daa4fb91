// Package contracttest holds tests against the OpenAPI documents: a Validator
// sits in an HTTP client and compares each exchange with the document, and knows
// in the end which operations no test has driven.
//
//	v := contracttest.NewValidator(t, users.OpenAPI, http.DefaultTransport)
//	client := v.Client()
//	… drive the service with client …
//	v.AssertAllDriven(t)
//
// A request that breaks the contract on purpose says so with BadRequest; its
// answer is validated all the same.
package contracttest
