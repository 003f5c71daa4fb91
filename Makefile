# Gamestore. `make` alone lists what there is.
SHELL       := /bin/bash
MODULES     := pkg users games payments gateway deploy test
VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
REVISION    ?= $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
LDFLAGS     := -X main.version=$(VERSION) -X main.revision=$(REVISION)
DATA        ?= data
ADDR        ?= 127.0.0.1:8080
# How long one package's tests may take; a busy machine needs many times what a free one does.
PATIENCE    ?= 30m
# Packages at the same time. Many tests wait for brokers and programs more than for a processor.
PACKAGES    ?= 3
# What these test are other programs, which the race detector in the test does not see.
PROGRAMS    := test/(arch|broker|chaos|load|processes|readme|security)
N           ?= 200
SEED        ?= 1
FUZZTIME    ?= 10m
TARGET      ?= process
BACKLOG     ?= 50000
MINUTES     ?= 10

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: build ## Run the whole store in one process (DATA=data ADDR=127.0.0.1:8080)
	@exec bin/gamestore -data $(DATA) -http.addr $(ADDR)

.PHONY: up
up: build ## Run users, games, payments and the gateway as processes around RabbitMQ (AMQP_URL, else a private one)
	@exec bin/up -data $(DATA)/up -http.addr $(ADDR)

.PHONY: demo
demo: build ## Tell the whole story on a fresh store, then stop it
	@exec bin/gamestore demo

.PHONY: build
build: ## Build all programs into bin/
	@go build -ldflags '$(LDFLAGS)' -o bin/ ./deploy/cmd/... ./users/cmd/... ./games/cmd/... ./payments/cmd/... ./gateway/cmd/...

.PHONY: test
test: ## Run every test that needs nothing but Go
	go test -p $(PACKAGES) -timeout $(PATIENCE) work

.PHONY: race
race: ## Run the tests of the code in this process with the race detector
	go test -p $(PACKAGES) -race -timeout $(PATIENCE) $$(go list work | grep -vE '$(PROGRAMS)')

.PHONY: integration
integration: ## Run the tests that need servers (AMQP_URL names an empty virtual host; else private ones are started)
	go test -count=1 -timeout $(PATIENCE) ./pkg/bus/... ./gateway/app/... ./test/broker/... ./test/contract/... ./test/flow/... ./test/observe/... ./test/processes/...

.PHONY: arch
arch: ## Check the import law
	go test -count=1 ./test/arch/...

.PHONY: chaos
chaos: chaos-$(TARGET) ## Break the store N times under load and audit it (TARGET=process|cluster N=200 SEED=1 BACKLOG=50000)

.PHONY: chaos-process
chaos-process:
	CHAOS_N=$(N) CHAOS_SEED=$(SEED) go test -count=1 -timeout 120m -v -run TestKill ./test/chaos/

.PHONY: chaos-cluster
chaos-cluster:
	CHAOS_N=$(N) CHAOS_SEED=$(SEED) CHAOS_ONLY='$(ONLY)' CHAOS_BACKLOG=$(BACKLOG) go test -count=1 -timeout 240m -v -run 'TestFaults|TestBacklog' ./test/chaos/cluster/

.PHONY: endure
endure: ## Kill a process or RabbitMQ each second while the store sells, then audit it (MINUTES=10 SEED=1)
	CHAOS_MINUTES=$(MINUTES) CHAOS_SEED=$(SEED) go test -count=1 -timeout 240m -v -run TestEndure ./test/chaos/cluster/

.PHONY: fuzz
fuzz: ## Fuzz every decoder of outside bytes (FUZZTIME=10m each)
	@set -e; for m in $(MODULES); do cd $$m; \
	  for p in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -rn1 dirname | sort -u); do \
	    for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz'); do \
	      echo "fuzz $$m/$$p $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$p; \
	    done; done; cd ..; done

.PHONY: bench
bench: ## Measure the purchase path, search and their bare limits as ratios
	go run ./test/load/cmd/bench

.PHONY: lint
lint: bin/golangci-lint ## Run the linters
	@for m in $(MODULES); do echo "lint $$m"; (cd $$m && ../bin/golangci-lint run ./...) || exit 1; done

.PHONY: fmt
fmt: bin/golangci-lint ## Format the code
	@for m in $(MODULES); do (cd $$m && ../bin/golangci-lint fmt ./...); done

.PHONY: tidy
tidy: ## Tidy every module by itself
	@for m in $(MODULES) .ci/tools; do (cd $$m && GOWORK=off go mod tidy) || exit 1; done

.PHONY: alone
alone: ## Build every module without the workspace
	@for m in $(MODULES); do (cd $$m && GOWORK=off go build ./...) || exit 1; done

bin/golangci-lint: .ci/tools/go.mod
	@cd .ci/tools && GOWORK=off go build -o ../../bin/ tool && touch ../../bin/*
