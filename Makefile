# Everything from a fresh clone with nothing but Python 3.11 to 3.13 (with venv) and make. `make` alone lists the targets.
#   PYTHON=python3.12 make install    another interpreter
#   make demo ARGS="--port 8090"      options of `reelbot demo`
#   make test ARGS="tests/core -x"    options of pytest
#   make bench ARGS="--only race"     options of the benchmark
#   make prove SECONDS=1200           the long run of the prover
#   make prove SEED=17 ARGS="--only sqlite"   one of its rounds again
#   make soak JOBS=60 MISFORTUNES=6 ARGS="--sqlite --seed 7"

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
PINS := deploy/pins
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
# Only files whose hash stands in deploy/pins, and only wheels: no code of a package runs while it is installed.
HASHED := install --quiet --require-hashes --only-binary :all:
# What an install depends on: when one of these changes, the next target installs again.
INPUTS := pyproject.toml $(PINS)/run.txt $(PINS)/build.txt
# Only to be measured against, so in an environment of its own.
PEER := $(VENV)/peer
UV := $(VENV)/uv
JOBS ?= 500
MISFORTUNES ?= 40
SECONDS ?= 300
SEED ?=

.PHONY: help demo test test-fast bench soak prove prove-the-prover turns fuzz fuzz-http mutants bench-media check install traditional pins licences audit digests clean
.DELETE_ON_ERROR:

help:
	@echo "make demo     the whole product offline: no account, no key, no cost"
	@echo "make test     every test, as a stranger's machine would run them"
	@echo "make test-fast  the pure ones alone, in seconds"
	@echo "make bench    how late, and at what cost, reelbot waits for fal, beside the usual ways (about 5 minutes)"
	@echo "make soak     JOBS=500 jobs, three workers: killed, frozen, cut off MISFORTUNES=40 times, a full disk (about 10 minutes)"
	@echo "make prove    a model of fal and of a chat against the real program, in virtual time, SECONDS=300 of it; SEED=n again"
	@echo "make prove-the-prover  puts known faults back: how many of ten seeds find each (about 20 minutes)"
	@echo "make turns    random dialogues in every chat with a bot that is killed, SECONDS=300 of them; ARGS=--faults: known faults"
	@echo "make check    format, lint, types"
	@echo "make fuzz     mutated photos and videos through the real children, four minutes at most; prints counts"
	@echo "make fuzz-http  odd requests to a real bot and odd input to parsers, SECONDS=300 of them; SEED=n again; prints counts"
	@echo "make mutants  small changes to the code that decides over money: do the tests notice each? (30 minutes at most)"
	@echo "make bench-media  photos and videos: targets beside what is measured here"
	@echo "make install  only the environment, with $(BIN)/reelbot"
	@echo "make traditional  write the sentences of zh-hant anew from those of zh"
	@echo "make pins     write $(PINS) anew, with hashes: what is pinned stays; ARGS=--upgrade takes the newest that fits"
	@echo "make licences write the tables of docs/licences.md from what is installed"
	@echo "make audit    ARGS='--advisories FILE' compares the pins with advisories in OSV's format"
	@echo "make digests  pin the base images of deploy/ by digest (asks their registry, with docker)"
	@echo "make clean    remove the environment and all caches"

demo: $(VENV)/.installed
	@exec $(BIN)/reelbot demo $(ARGS)

# A bare environment and an empty home: nothing of the person who runs them reaches the tests. Four workers on two
# cores, since many of the tests wait for processes more than they compute.
test: $(VENV)/.installed-dev
	@home=$$(mktemp -d) || exit 1; \
	trap 'rm -rf "$$home"' EXIT; trap 'exit 130' INT; trap 'exit 143' TERM; \
	env -i PATH="$$PATH" HOME="$$home" CI="$$CI" \
		$(BIN)/python -m pytest -p no:cacheprovider -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

# What is pure: no server, no process, no database. Seconds, for the time between two thoughts.
FAST := tests/test_house.py tests/test_papers.py tests/test_values.py tests/messages tests/conversation/test_access.py \
	tests/conversation/test_commands.py tests/core/test_pricing.py tests/core/fal/test_error_map.py \
	tests/core/fal/test_lost_orders.py tests/core/fal/test_poll_schedule.py tests/core/fal/test_protocol.py \
	tests/core/fal/test_replies.py tests/core/fal/test_results.py tests/channels/test_telegram_parsing.py
test-fast: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest -q -p no:cacheprovider -n 2 $(FAST) $(ARGS)

bench: $(VENV)/.installed-dev $(PEER)/.installed
	@$(BIN)/python -m tests.benchmarks.bench --peer $(PEER)/bin/python --postgres $(ARGS)

soak: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.benchmarks.soak --jobs $(JOBS) --misfortunes $(MISFORTUNES) $(ARGS)

# The hashes of texts are the same each time, so that a seed tells the same story in every process.
prove: $(VENV)/.installed-dev
	@PYTHONHASHSEED=0 $(BIN)/python -m tests.prove --seconds $(SECONDS) $(if $(SEED),--seed $(SEED)) $(ARGS)

prove-the-prover: $(VENV)/.installed-dev
	@PYTHONHASHSEED=0 $(BIN)/python -m tests.prove --regressions --seconds 30 $(ARGS)

turns: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.turns --seconds $(SECONDS) $(if $(SEED),--seed $(SEED)) $(ARGS)

$(PEER)/.installed: $(VENV)/.created $(PINS)/peer.txt
	@$(BIN)/python -m venv --clear $(PEER)
	@$(PEER)/bin/python -m pip --disable-pip-version-check --no-input $(HASHED) -r $(PINS)/peer.txt
	@touch $@

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Bounded: ARGS="--count 2000 --seconds 1200 --number 7" for a longer one with other files.
fuzz: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.benchmarks.fuzz_media $(ARGS)

fuzz-http: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.benchmarks.fuzz_http --seconds $(SECONDS) $(if $(SEED),--seed $(SEED)) $(ARGS)

# Bounded by itself: ARGS="core/fal/results.py --verbose --minutes 5" for one file, with the test that noticed each change.
mutants: $(VENV)/.installed-dev
	@nice $(BIN)/python -m tests.mutants $(ARGS)

bench-media: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.benchmarks.bench_media $(ARGS)

install: $(VENV)/.installed

# An environment that works is kept, whoever made it; one that does not (half made, or its Python is gone) is replaced.
$(VENV)/.created:
	@if $(BIN)/python -c 'import pip, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then \
		touch $@; exit 0; \
	fi; \
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || { \
		echo "reelbot needs Python 3.11, 3.12 or 3.13; $(PYTHON) is not one. Choose another: make PYTHON=python3.12" >&2; \
		exit 1; }; \
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) has no venv module. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }; \
	$(PYTHON) -m venv --clear $(VENV) && touch $@

$(VENV)/.installed: $(VENV)/.created $(INPUTS)
	@echo "Installing the pinned dependencies into $(VENV), about a minute the first time."
	@$(PIP) $(HASHED) -r $(PINS)/build.txt -r $(PINS)/run.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@$(PIP) check >/dev/null || { $(PIP) check >&2; echo "deploy/pins lacks it: make pins" >&2; exit 1; }
	@$(BIN)/python -m compileall -q core bot # a bot that may not write here would compile it all at each start
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.created $(INPUTS) $(PINS)/dev.txt
	@echo "Installing the pinned dependencies and the tools for tests and checks into $(VENV)."
	@$(PIP) $(HASHED) -r $(PINS)/build.txt -r $(PINS)/run.txt -r $(PINS)/dev.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@$(PIP) check >/dev/null || { $(PIP) check >&2; echo "deploy/pins lacks it: make pins" >&2; exit 1; }
	@touch $(VENV)/.installed $@

traditional: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.messages.traditional

# What is pinned stays as it is while it fits; ARGS=--upgrade takes the newest of all, ARGS="--upgrade-package av" of one.
# The hashes are those of all files of a release, for every Python and system, and no address of an index is written down.
COMPILE = $(UV)/bin/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-python-downloads --custom-compile-command 'make pins' $(ARGS)
pins: $(UV)/.installed
	@$(COMPILE) pyproject.toml --output-file $(PINS)/run.txt
	@$(COMPILE) pyproject.toml --extra dev --constraint $(PINS)/run.txt --output-file $(PINS)/dev.txt \
		$$(sed -n 's/^\([^ #]*\)==.*/--no-emit-package \1/p' $(PINS)/run.txt)
	@$(COMPILE) --group build --output-file $(PINS)/build.txt
	@$(COMPILE) --group pins --output-file $(PINS)/uv.txt
	@$(COMPILE) --group peer --constraint $(PINS)/run.txt --output-file $(PINS)/peer.txt
	@echo "$(PINS) is new. Now: make licences check test"

$(UV)/.installed: $(VENV)/.created $(PINS)/uv.txt
	@$(BIN)/python -m venv --clear $(UV)
	@$(UV)/bin/python -m pip --disable-pip-version-check --no-input $(HASHED) -r $(PINS)/uv.txt
	@touch $@

licences: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.supply.licences

audit: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.supply.audit $(ARGS)

digests: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.supply.digests

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
