# Every target stands alone: it makes what it needs first, and says so. Needs only make and a
# Python from 3.11 on with its venv module.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
JOBS ?= 2

# The stubs of two ports cannot share a folder: each defines `machine`.
STUBS_rp2 := micropython-rp2-rpi_pico_w-stubs==1.29.0.post1 micropython-stdlib-stubs==1.29.0.post2
STUBS_esp32 := micropython-esp32-esp32-generic-s3-stubs==1.29.0.post1 micropython-stdlib-stubs==1.29.0.post2

# The newest Python that can make an environment; the pinned packages have wheels up to 3.14.
FIND_PYTHON = for v in 3.14 3.13 3.12 3.11 3; do \
	  if python$$v -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; \
	  then command -v python$$v; exit; fi; done
PYTHON ?= $(shell $(FIND_PYTHON))

# Text of `make help`: the words after two hashes of each target.
.PHONY: help
help: ## this list
	@echo "Pinbench. make TARGET, where TARGET is one of:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(VENV)/stamp.dev $(VENV)/typings/stamp.rp2 $(VENV)/typings/stamp.esp32 ## make .venv with everything a developer needs; the command is then .venv/bin/pinbench

.PHONY: demo
demo: $(VENV)/stamp.base ## play recorded rain on the window, and show what happened as a table and a picture
	@$(BIN)/pinbench demo

.PHONY: flash
flash: $(VENV)/stamp.base ## bring a device onto a board: make flash DEVICE=window BOARD=rpi_pico_w [PORT=/dev/ttyACM0]
	@if [ -z "$(DEVICE)" ] || [ -z "$(BOARD)" ]; then \
	  echo "say which: make flash DEVICE=window BOARD=rpi_pico_w [PORT=/dev/ttyACM0]" >&2; exit 2; fi
	@$(BIN)/pinbench flash "$(DEVICE)" --board "$(BOARD)" --port "$(or $(PORT),auto)"

.PHONY: test
test: lint ## lint, types, and the whole suite
	@echo "== the suite, on $(JOBS) processes"
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

.PHONY: test-fast
test-fast: $(VENV)/stamp.dev ## the suite without its long tests, few examples a property
	@PINBENCH_PROFILE=fast $(BIN)/python -m pytest -q -n $(JOBS) -m "not long"

.PHONY: test-long
test-long: $(VENV)/typings/stamp.rp2 $(VENV)/typings/stamp.esp32 $(VENV)/stamp.dev ## the suite with many more examples a property, and new ones each time; then mutants
	@PINBENCH_PROFILE=long $(BIN)/python -m pytest -n $(JOBS)
	@echo "== do the tests notice? a sample of mutants of drivers, services and cores"
	@$(BIN)/python tests/mutation/run.py --jobs $(JOBS)

.PHONY: coverage
coverage: $(VENV)/stamp.dev ## the suite, and which lines and branches it did not reach
	@$(BIN)/python -m pytest -q -n $(JOBS) --cov --cov-report=term

.PHONY: lint
lint: setup ## ruff; pyright: host tools on CPython, firmware against the modules of each port; traps
	@echo "== lint"
	@$(BIN)/ruff check .
	@echo "== types: host tools and tests, as CPython"
	@$(BIN)/pyright
	@echo "== traps: what CPython allows in firmware and MicroPython does not"
	@$(BIN)/pinbench lint
	@for port in rp2 esp32; do \
	  echo "== types: firmware, as MicroPython on $$port"; \
	  $(BIN)/pyright -p firmware/pyright.$$port.json; done

.PHONY: clean
clean: ## remove .venv and whatever the tools left behind
	@rm -rf $(VENV) out build dist htmlcov .coverage .pytest_cache .ruff_cache .hypothesis host_tools/*.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/stamp.venv:
	@if [ -z "$(PYTHON)" ]; then \
	  echo "No Python from 3.11 to 3.14 with its venv module was found: install one (on Debian: apt install python3 python3-venv), or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; \
	  exit 2; fi
	@echo "== making $(VENV) with $(PYTHON)"
	@"$(PYTHON)" -m venv --clear $(VENV)
	@touch $@

$(VENV)/stamp.base: $(VENV)/stamp.venv pyproject.toml
	@echo "== installing what pinbench needs to run (about 230 MB, once)"
	@$(PIP) install -qq -e .
	@touch $@

$(VENV)/stamp.dev: $(VENV)/stamp.base
	@echo "== installing what its tests and evaluations need (about 600 MB more, once)"
	@$(PIP) install -qq -e '.[dev,evaluate]'
	@touch $@

$(VENV)/typings/stamp.%: $(VENV)/stamp.venv Makefile
	@echo "== installing the type stubs of MicroPython on $*"
	@rm -rf $(VENV)/typings/$*
	@$(PIP) install -qq --no-deps --target $(VENV)/typings/$* $(STUBS_$*)
	@touch $@
