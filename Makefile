# darkroom's everyday commands. `make help` lists them.

GO ?= go
# The C compiler is needed by the renderer only; CGO_ENABLED=0 builds a bot without one.
export CGO_ENABLED ?= 1
# The program sends no usage data; the runtime library must not send any either.
export ORT_DISABLE_TELEMETRY = 1

# What `darkroom version` prints. Go itself does not note the commit in a git worktree.
COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null)
VERSION = -ldflags "-X main.commit=$(COMMIT)"

.DEFAULT_GOAL := help
.PHONY: help runtime build bot run test check fmt lint race soak bench bench-peers bench-gpu clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

runtime: ## Fetch ONNX Runtime into bin/lib (once; checks its hash)
	$(GO) run ./cmd/ort

build: runtime ## Build bin/darkroom, with the runtime library beside it
	$(GO) build $(VERSION) -o bin/darkroom ./cmd/darkroom

bot: ## Build bin/darkroom-bot: the bot alone, without a C compiler
	CGO_ENABLED=0 $(GO) build $(VERSION) -o bin/darkroom-bot ./cmd/darkroom

run: build ## Run everything; opens a page when there is no DISCORD_TOKEN
	bin/darkroom up

test: runtime ## Run all tests
	$(GO) test -timeout 12m -parallel 4 ./...

check: fmt lint race ## Format, lint, import rules, and the race detector on bot, queue and store

fmt:
	@files=$$(gofmt -l bot cmd config queue render store); test -z "$$files" || { echo "gofmt these files:"; echo "$$files"; exit 1; }

# golangci-lint has a go.mod of its own, so that what it needs does not become what the program needs.
lint:
	$(GO) tool -modfile=.ci/lint.mod golangci-lint run ./...
	$(GO) test -run 'Imports' ./cmd/darkroom
	CGO_ENABLED=0 $(GO) build -o /dev/null ./cmd/darkroom

# One package after the other, two tests at once: the detector makes tests slow, and people wait three seconds only.
race:
	$(GO) test -race -timeout 30m -p 1 -parallel 2 ./bot/... ./queue/... ./store/...

soak: runtime ## Run the long tests: real kills, bad networks, random steps; writes docs/reliability.md
	$(GO) run ./cmd/soak

bench: runtime ## Benchmarks
	$(GO) test -run '^$$' -bench . -benchtime 2s ./...

# These two need a Python with diffusers, and a folder made by: python render/bench/shape.py sd15 DIR
PYTHON ?= python3
FOLDER ?= bench-sd15

bench-peers: runtime ## Compare with diffusers on the CPU (PYTHON=, FOLDER=, ARGS=)
	$(PYTHON) render/bench/compare.py $(FOLDER) $(ARGS)

# On a machine with CUDA: ONNXRUNTIME_LIB names a folder such as runtimes/cuda12, PYTHON has torch and onnxruntime-gpu.
bench-gpu: ## Compare with diffusers on a GPU: SD 1.5 and SDXL, batches of 1 and 4
	for shape in sd15:512 sdxl:1024; do \
	  dir=bench-$${shape%:*}-half; test -d $$dir || $(PYTHON) render/bench/shape.py $${shape%:*} $$dir --half || exit 1; \
	  for batch in 1 4; do \
	    $(PYTHON) render/bench/compare.py $$dir --device cuda --size $${shape#*:} --steps 20 --paints 6,0,6,0 --batch $$batch $(ARGS) || exit 1; \
	  done; \
	done

clean: ## Remove what was built and fetched
	rm -rf bin
