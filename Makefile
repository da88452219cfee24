# darkroom's everyday commands. `make help` lists them.

GO ?= go
# The C compiler is needed by the renderer only; CGO_ENABLED=0 builds a bot without one.
export CGO_ENABLED ?= 1
# What this program sends home is nothing; the runtime library must not either.
export ORT_DISABLE_TELEMETRY = 1

.DEFAULT_GOAL := help
.PHONY: help runtime build bot run test check fmt lint race soak bench clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

runtime: ## Fetch ONNX Runtime into bin/lib (once; checks its hash)
	$(GO) run ./cmd/ort

build: runtime ## Build bin/darkroom, with the runtime library beside it
	$(GO) build -o bin/darkroom ./cmd/darkroom

bot: ## Build bin/darkroom-bot: the bot alone, without a C compiler
	CGO_ENABLED=0 $(GO) build -o bin/darkroom-bot ./cmd/darkroom

run: build ## Run everything in one process; opens a page when there is no DISCORD_TOKEN
	bin/darkroom up

test: runtime ## Run all tests
	$(GO) test -timeout 12m -parallel 4 ./...

check: fmt lint race ## Format, vet, lint, import walls, and the race detector on bot, queue and store

fmt:
	@files=$$(gofmt -l bot cmd config queue render store); test -z "$$files" || { echo "gofmt these files:"; echo "$$files"; exit 1; }

lint:
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) test -run 'Walls' ./cmd/darkroom
	CGO_ENABLED=0 $(GO) build -o /dev/null ./cmd/darkroom

race:
	$(GO) test -race ./bot/... ./queue/... ./store/...

soak: runtime ## The long tests: real kills, bad networks, many random steps; writes docs/reliability.md
	$(GO) run ./cmd/soak

bench: runtime ## Benchmarks
	$(GO) test -run '^$$' -bench . -benchtime 2s ./...

clean: ## Remove what was built and fetched
	rm -rf bin
