package payments

import "embed"

// OpenAPI describes the HTTP API, in OpenAPI 3.1.
//
//go:embed openapi.json
var OpenAPI []byte

// AsyncAPI describes the events that the service takes and publishes, in AsyncAPI
// 3.0. It is enough to write a payment worker in another language.
//
//go:embed asyncapi.json
var AsyncAPI []byte

//go:embed testdata/*.json
var golden embed.FS

// Golden returns an example event by its routing key, such as "payment.completed",
// in the form in which it travels. The tests of the producer and of the
// consumers read it. It is nil when there is none.
func Golden(key string) []byte {
	b, err := golden.ReadFile("testdata/" + key + ".json")
	if err != nil {
		return nil
	}
	return b
}
