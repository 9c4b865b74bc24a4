# tickfire: `make` lists what there is. Set-up is done once, and again when its sources change:
# the stamps in .make/ say what is done.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/sh

VENV := .venv
PYTHON := $(VENV)/bin/python
TICKFIRE := $(VENV)/bin/tickfire
STAMPS := .make
STATIC := server/tickfire/server/static
WIDGET := server/client/tickfire/client/notebook/static
SAY := printf '\033[1m==>\033[0m %s\n'

# What was removed by hand is done again.
ifeq ($(wildcard $(TICKFIRE)),)
$(shell rm -f $(STAMPS)/venv $(STAMPS)/package $(STAMPS)/warm)
endif
ifeq ($(wildcard client_js/node_modules/.package-lock.json),)
$(shell rm -f $(STAMPS)/node)
endif
ifeq ($(wildcard wasm/tickfire/kernels/kernels.wasm),)
$(shell rm -f $(STAMPS)/wasm)
endif
ifneq ($(words $(wildcard $(STATIC)/index.html $(WIDGET)/chart.js)),2)
$(shell rm -f $(STAMPS)/client)
endif
ifeq ($(wildcard $(STATIC)/pyodide/current.json),)
$(shell rm -f $(STAMPS)/pyodide)
endif

CLIENT_SOURCES := $(shell find client_js \( -name node_modules -o -name dist -o -name generated -o -name test -o -name bench \) -prune \
	-o -type f -print)
KERNEL_SOURCES := $(shell find wasm/tickfire ingest/tickfire models/tickfire server/tickfire -name "*.py")

.PHONY: help
help: ## List the targets
	@printf 'tickfire: realtime market data over Phoenix Channels\n\n'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- set-up -----------------------------------------------------------------------------------

.PHONY: setup
setup: $(STAMPS)/warm $(STAMPS)/client $(STAMPS)/pyodide ## Make the environment, build the client, compile the kernels

# pip's many lines, told in few.
PROGRESS := awk '/^Collecting/ && ++n % 10 == 0 { print "    " n " packages"; fflush() } \
	/^Installing/ { print "    installing"; fflush() }'

$(STAMPS)/venv: requirements-dev.lock .python-version
	@mkdir -p $(STAMPS); rm -f $(STAMPS)/failed
	@how=$$(.ci/need venv) || exit 1; \
	$(PYTHON) -c '' 2>/dev/null || rm -rf $(VENV); \
	$(SAY) "Python environment in $(VENV), by $$how (a minute or two)"; \
	case "$$how" in \
	uv) { [ -d $(VENV) ] || uv venv --quiet --python '>=3.12' $(VENV); } \
	    && uv pip install --quiet --python $(PYTHON) --require-hashes -r requirements-dev.lock ;; \
	*)  "$${how#python }" -m venv $(VENV) || exit 1; \
	    { $(PYTHON) -m pip install --disable-pip-version-check --progress-bar off \
	        --require-hashes -r requirements-dev.lock || touch $(STAMPS)/failed; } | $(PROGRESS); \
	    [ ! -e $(STAMPS)/failed ] ;; \
	esac
	@touch $@

# Three distributions: tickfire-phoenix in server/, tickfire-client in server/client/, and tickfire,
# which depends on both.
EDITABLE := --quiet --no-deps --no-build-isolation -e ./server -e ./server/client -e .

$(STAMPS)/package: $(STAMPS)/venv pyproject.toml server/pyproject.toml server/client/pyproject.toml
	@$(SAY) "tickfire-phoenix, tickfire-client and tickfire, editable"
	@if $(PYTHON) -m pip --version >/dev/null 2>&1; \
	then $(PYTHON) -m pip install --disable-pip-version-check $(EDITABLE); \
	else uv pip install --python $(PYTHON) $(EDITABLE); fi
	@touch $@

$(STAMPS)/warm: $(STAMPS)/package $(KERNEL_SOURCES)
	@$(SAY) "Kernels, into the cache"
	@$(TICKFIRE) warm
	@touch $@

$(STAMPS)/node: client_js/package-lock.json
	@.ci/need node >/dev/null
	@mkdir -p $(STAMPS)
	@$(SAY) "Client packages in client_js/node_modules"
	@cd client_js && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(STAMPS)/wasm: $(STAMPS)/package $(shell find wasm/tickfire -name '*.py')
	@$(SAY) "Kernels, for the browser"
	@$(PYTHON) -m tickfire.kernels.build
	@touch $@

$(STAMPS)/pyodide: $(STAMPS)/node $(STAMPS)/wasm $(shell find wasm/pyodide -type f -not -name '*.pyc')
	@$(SAY) "Python, for the browser"
	@$(PYTHON) -m pyodide.distribution
	@touch $@

$(STAMPS)/client: $(STAMPS)/node $(STAMPS)/wasm $(CLIENT_SOURCES)
	@$(SAY) "Client, into $(STATIC)"
	@cd client_js && npm run --silent build
	@touch $@

.PHONY: wasm
wasm: $(STAMPS)/wasm $(STAMPS)/pyodide ## Compile the kernels to WebAssembly, and Python for the browser

.PHONY: client
client: $(STAMPS)/client ## Build the page and the npm package

.PHONY: chromium openssl vulkan
chromium openssl vulkan:
	@.ci/need $@ >/dev/null 2>&1 || .ci/install $@

# Without a driver everything else works.
.PHONY: pictures
pictures:
	@.ci/need vulkan >/dev/null 2>&1 || .ci/install vulkan >/dev/null 2>&1 \
		|| echo "tickfire: /chart.png is off, as there is no Vulkan driver to draw it;" \
			"apt-get install mesa-vulkan-drivers brings one that needs no GPU." >&2

# --- run --------------------------------------------------------------------------------------

.PHONY: run-dev
run-dev: setup pictures ## Run everything: PORT, HOST, FEED, SPEED, HISTORY, REDIS_URL, WORKERS, DATABENTO_API_KEY
	@exec $(TICKFIRE) dev $(if $(INSECURE),--insecure)

# --- check ------------------------------------------------------------------------------------

# More workers than cores, as tests wait (tests/conftest.py); ARGS="-n0" runs all in one process.
PARALLEL := -n auto --dist loadfile --no-loadscope-reorder

# Tests start hundreds of Python processes, which must not compile their modules anew each.
test conformance: export PYTHONDONTWRITEBYTECODE :=

.PHONY: test
test: setup chromium openssl vulkan ## Run every test, Python's and the client's
	@$(SAY) "Python tests"
	@CHROMIUM="$$(.ci/need chromium)" $(PYTHON) -m pytest $(PARALLEL) $(ARGS)
	@$(SAY) "Client tests"
	@cd client_js && npm run --silent test

.PHONY: fuzz
fuzz: setup ## Fuzz the parsers of ingest for SECONDS (600), by coverage where atheris is installed
	@$(PYTHON) -m tests.fuzz --seconds $(or $(SECONDS),600)

.PHONY: chaos
chaos: setup ## Let everything fail at random for SECONDS (900) while 500 clients count; SEED repeats a run
	@$(PYTHON) -m tests.chaos --seconds $(or $(SECONDS),900) --seed $(or $(SEED),1) $(ARGS)

.PHONY: lint
lint: setup ## Check style, layers, and that nothing imports in a circle
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/lint-imports --no-cache
	@$(PYTHON) -m pytest -q tests/packaging/test_layout.py
	@cd client_js && npm run --silent lint

.PHONY: types
types: setup ## Check types, Python's and TypeScript's
	@$(VENV)/bin/mypy
	@cd client_js && npm run --silent types

.PHONY: conformance
conformance: setup chromium ## Hold the Channels library to Phoenix: transcripts, cases, stock clients
	@CHROMIUM="$$(.ci/need chromium)" $(PYTHON) -m pytest $(PARALLEL) tests/conformance $(ARGS)

.PHONY: bench
bench: setup ## Measure; bench/README.md explains each
	@$(PYTHON) -m bench $(ARGS)

.PHONY: train
train: $(if $(DATA),setup) ## Train the models on the folder DATA; reports go to var/models/reports
	@[ -n "$(DATA)" ] || { echo "tickfire: training needs data; name its folder: make train DATA=FOLDER" \
		"(docs/models.md says what it holds)." >&2; exit 2; }
	@$(TICKFIRE) train --data "$(DATA)" $(ARGS)

.PHONY: dist-check
dist-check: setup ## Build the distributions, use them in clean environments, remove each
	@$(PYTHON) -m tests.packaging.dist_check

.PHONY: release
release: setup ## Build all wheels, sdists and the npm tarball into dist/release, checked
	@$(PYTHON) -m deploy.release

.PHONY: version
version: setup ## Set the VERSION of all distributions and of the changelog
	@[ -n "$(VERSION)" ] || { echo "tickfire: name the version: make version VERSION=1.2.3" >&2; exit 2; }
	@$(PYTHON) -m deploy.release --set-version "$(VERSION)"

.PHONY: screenshots
screenshots: setup chromium ## Take the pictures of docs/page.md and docs/pipeline.md anew
	@CHROMIUM="$$(.ci/need chromium)" $(PYTHON) -m tests.support.browser.screenshots

# Material's announcement of its own successor is not news of ours.
MKDOCS := NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs

.PHONY: docs
docs: setup ## Build the documentation as a site, with every link checked
	@$(MKDOCS) build --quiet
	@$(SAY) "The site is in .make/site; make docs-serve shows it"

.PHONY: docs-serve
docs-serve: setup ## Show the documentation at http://127.0.0.1:8000/, anew at each change
	@$(MKDOCS) serve

# --- care -------------------------------------------------------------------------------------

.PHONY: fmt
fmt: setup ## Format the code
	@$(VENV)/bin/ruff check --fix-only --quiet .
	@$(VENV)/bin/ruff format .
	@cd client_js && npm run --silent format

.PHONY: lock
lock: ## Compile the lock files anew; needs uv
	@command -v uv >/dev/null || { echo "tickfire: uv was not found; install it (pip install uv)." >&2; exit 1; }
	uv pip compile --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
		--no-emit-package tickfire-phoenix --no-emit-package tickfire-client --extra dev pyproject.toml -o requirements-dev.lock
	uv pip compile --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
		--no-emit-package tickfire-phoenix --no-emit-package tickfire-client pyproject.toml -c requirements-dev.lock -o requirements.lock

.PHONY: clean
clean: ## Remove what was built, and the environments
	rm -rf $(VENV) $(STAMPS) $(STATIC) $(WIDGET) dist client_js/node_modules client_js/dist
	rm -rf wasm/tickfire/kernels/kernels.wasm client_js/src/compute/generated
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find server ingest models wasm tests bench deploy docs -name __pycache__ -type d -prune -exec rm -rf {} +
