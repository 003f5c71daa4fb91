// Package processes tests the store as it is deployed: users, games, payments and the
// gateway as processes of their own around a real RabbitMQ, killed and stopped by
// signals. AMQP_URL names a broker with an empty virtual host; without it a private one
// is started, and without an installed one the tests are skipped, or fail if CI=true.
package processes
