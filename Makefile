# The commands for papo's sources. CI runs `make test`.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# The steps share Cargo's target folder and its lock: in parallel they would only wait for each other.
.NOTPARALLEL:

# Where rustup puts cargo, for shells whose PATH lacks it.
export PATH := $(PATH):$(HOME)/.cargo/bin

target_folder := $(or $(CARGO_TARGET_DIR),target)

# Runs one step of `make test` and prints its seconds.
step = @scripts/step

.PHONY: help up cluster man bench bench-growth sim test check fmt chaos chaos-cluster cluster-kills storm hostile audit fuzz needs-build needs-test needs-cargo-deb fmt-check clippy build tests library clients page test-page bench-page traces doc irctest image compose-test minimal-test deb deb-test dist dist-test

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: needs-build ## Build papo and run a node on ./data
	cargo build --release --locked --package papo
	exec "$(target_folder)/release/papo" up

cluster: needs-test ## Build papo and run three nodes and three etcd servers on ./data/cluster
	cargo build --release --locked --package papo
	exec scripts/cluster "$(target_folder)/release/papo" data/cluster

man: needs-build ## Write the manual pages into target/man
	cargo build --release --locked --package papo
	"$(target_folder)/release/papo" man "$(target_folder)/man"

image: ## Build the container image `papo`; PLATFORMS=linux/amd64,linux/arm64 builds for both (needs docker buildx)
	$(if $(PLATFORMS),docker buildx build --platform $(PLATFORMS),DOCKER_BUILDKIT=1 docker build) \
		--build-arg PAPO_COMMIT="$$(git rev-parse --short=12 HEAD)" --tag papo .

# The maintainer of a package is who builds it. Debian's tools read these two variables, too.
deb: maintainer = $(if $(DEBEMAIL),--maintainer "$(or $(DEBFULLNAME),The papo authors) <$(DEBEMAIL)>")
deb: needs-build needs-cargo-deb ## Build the Debian package in target/debian; DEBFULLNAME and DEBEMAIL name its maintainer
	cargo build --profile dist --locked --package papo
	rm -rf "$(target_folder)/debian"
	scripts/deb-files "$(target_folder)/dist"
	cargo deb --package papo --profile dist --no-build --locked --dbgsym $(maintainer) --output "$(target_folder)/debian/"

dist: ## Write the source release, which builds without a network, into target/source
	scripts/source-release "$(target_folder)/source"

bench: needs-build ## Measure papo, Redis, NATS and ngIRCd; write docs/PERFORMANCE.md (about 15 minutes)
	tests/bench/install-competitors
	cargo build --profile dist --locked --package papo --package bench --package gateway --package cluster --bins \
		--example bare_sockets --example puts
	"$(target_folder)/dist/bench" --folder "$(target_folder)/bench" --docs docs $(BENCH)

bench-growth: needs-build ## Measure only how papo's costs grow, up to a log of 10 million messages (6 GB of disk, about 15 minutes)
	cargo build --profile dist --locked --package papo --package bench
	"$(target_folder)/dist/bench" grow --large --folder "$(target_folder)/bench" --docs docs $(BENCH)

test: needs-test ## Run everything that CI checks (format, lints, tests, documentation) and print the seconds of each step
	@scripts/step 'make test' $(MAKE) --no-print-directory fmt-check clippy build tests library page doc

check: needs-build fmt-check clippy ## Run the quick part of make test: format and lints

fmt: ## Format the code
	cargo fmt --all

sim: ## Simulate the whole system with faults: SEEDS=10000 [FIRST=0], or SEED=4711 with its trace; CLUSTER=1 simulates several nodes
	cargo run --release --locked --quiet --package sim -- $(if $(CLUSTER),--cluster) \
		$(if $(SEED),--seed $(SEED) --trace,--seeds $(or $(SEEDS),10000) --first $(or $(FIRST),0))

traces: ## Record the sessions that the JavaScript core replays again, after a change of the session core
	rm -f docs/conformance/traces/unit/*.jsonl
	UPDATE_TRACES=1 cargo test --locked --package session --lib
	UPDATE_TRACES=1 cargo test --workspace --locked --test traces

chaos: needs-test ## Run a node under kills, cuts and full disks, with ZeroMQ and WebSocket clients, and webhooks: MINUTES=10 [SEED=4711]
	cargo build --release --locked --package papo
	PAPO_CHAOS_MINUTES=$(or $(MINUTES),10) $(if $(SEED),PAPO_SEED=$(SEED)) \
		cargo test --release --locked --package e2e --test end_to_end -- --nocapture chaos::nothing_is_lost chaos::web_sockets chaos::deliveries

chaos-cluster: needs-test ## Run a cluster in network namespaces under kills, cuts, lost disks and clock jumps, as root: MINUTES=5 [SEED=4711] [FAULT=cut]
	cargo build --release --locked --package papo
	PAPO_CHAOS_MINUTES=$(or $(MINUTES),5) $(if $(SEED),PAPO_SEED=$(SEED)) $(if $(FAULT),PAPO_CHAOS_FAULT='$(FAULT)') \
		cargo test --release --locked --package e2e --test end_to_end -- --nocapture --ignored chaos::cluster

cluster-kills: needs-test ## Kill nodes, etcd servers and machines of a cluster under load, and measure the waits: KILLS=10
	cargo build --release --locked --package papo
	KILLS=$(or $(KILLS),10) \
		cargo test --release --locked --package e2e --test end_to_end -- --nocapture clusters::kills

storm: needs-test ## Measure a node that is restarted under load: CLIENTS=2000
	cargo build --release --locked --package papo
	PAPO_STORM_CLIENTS=$(or $(CLIENTS),2000) \
		cargo test --release --locked --package e2e --test end_to_end -- --nocapture chaos::storm

hostile: needs-test ## Run all attacks at once on a release node with 20 honest clients: MINUTES=5
	cargo build --release --locked --package papo
	PAPO_INTEROP_PROGRAM=tests/e2e/hostile/hostile.py tests/e2e/interop/run \
		--papo "$(target_folder)/release/papo" --minutes $(or $(MINUTES),5)

compose-test: ## Run both compose files on a Docker engine, with kills; installs the engine on Debian (as root; not part of CI)
	tests/compose/run

minimal-test: ## Follow the README on a minimal Debian 12 and 13, from nothing to the first message (as root; not part of CI)
	tests/minimal/run

deb-test: deb ## Install, run, upgrade, remove and purge the package in clean Debian 12 and 13 (as root; not part of CI)
	tests/deb/run

dist-test: dist ## Install papo from the source release, without a network (about 5 minutes; not part of CI)
	tests/source/run

audit: ## Check licences and sources of all packages (needs cargo-deny; not part of CI)
	@command -v cargo-deny >/dev/null || { echo 'needs cargo-deny: cargo install --locked cargo-deny' >&2; exit 1; }
	cargo deny check licenses bans sources

# Instrumentation is unstable: RUSTC_BOOTSTRAP allows it in the stable compiler that builds papo.
fuzz: needs-build ## Fuzz request lines, the log, broker, proxy, ZAP, WebSockets, webhooks and IRC, a minute each, or SECONDS=20 (needs cargo-fuzz, no nightly; not part of CI)
	@command -v cargo-fuzz >/dev/null || { echo 'needs cargo-fuzz: cargo install --locked cargo-fuzz' >&2; exit 1; }
	for target in requests recovery broker proxy zap websocket webhooks irc; do \
		RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir tests/fuzz "$$target" -- \
			-max_total_time=$(or $(SECONDS),60) -max_len=4096; \
	done

needs-build:
	@scripts/install-needs build

needs-test:
	@scripts/install-needs test

needs-cargo-deb:
	@command -v cargo-deb >/dev/null || { echo 'needs cargo-deb: cargo install --locked cargo-deb' >&2; exit 1; }

fmt-check:
	$(step) format cargo fmt --all -- --check

clippy:
	$(step) lints cargo clippy --workspace --all-targets --locked -- -D warnings

# Builds all targets at once, including the papo binary that the end-to-end tests start: with one set of
# features, no package is compiled twice.
build:
	$(step) build cargo build --workspace --all-targets --locked

# The environment of the Python client comes first: a test has no time for an installation. Most
# end-to-end tests wait, so more threads than processors end them earlier.
tests: test_threads = $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))
tests:
	$(step) 'Python environment' tests/e2e/interop/run --install
	$(step) tests env RUST_TEST_THREADS=$(test_threads) cargo test --workspace --locked --no-fail-fast

# The library for Python: it replays the recorded sessions of the Rust core, and its bots run at a node.
library:
	$(step) library scripts/client-tests

clients: build library ## Test the library for Python, and The Lounge, which the first run installs with npm
	$(step) 'The Lounge' tests/e2e/lounge/run

# The types of the page, and the JavaScript core: it replays the recorded sessions of the Rust core.
page:
	$(step) page scripts/page-tests
	$(step) browser scripts/page-browser

test-page: needs-test build ## Test the page in all themes, languages and widths, and write the pictures of docs/images (about 10 minutes)
	scripts/page-tests
	scripts/page-browser --full

irctest: build ## Run irctest, the conformance suite of IRC: IRCTEST=its checkout, whose requirements are installed
	PAPO="$(abspath $(target_folder))/debug/papo" python3 tests/e2e/irctest/run "$(abspath $(IRCTEST))" $(WRITE)

bench-page: needs-test ## Measure the page: first load, and 10,000 messages on a slow processor
	cargo build --release --locked --package papo
	cd web && PAPO_BIN="$(abspath $(target_folder))/release/papo" ../scripts/node tests/e2e/bench.mjs

doc:
	$(step) documentation env RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
