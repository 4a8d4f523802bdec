# `make demo` and `make test` each set up a virtual environment of their own, on a fresh clone with Python 3.10 to 3.13
# and a C compiler. What is there is used again; a changed source is installed again.
PYTHON ?= python3
VERSION := $(shell $(PYTHON) -c 'import platform; print(platform.python_version())')
SOURCES := pyproject.toml meson.build $(shell find src -type f ! -name '*.py[co]')
# NumPy 2.2, the last one for Python 3.10, has no types for its file format.
UNTYPED := --untyped-calls-exclude=numpy.lib
CHECKED := src tests examples benchmarks docs noxfile.py

.PHONY: help demo test browser lint test-all clean

help:
	@echo 'make demo      install into .venv-demo and track examples/pipeline.py'
	@echo 'make test      install into .venv and run all checks and tests'
	@echo 'make lint      the checks alone'
	@echo 'make test-all  the tests on each Python with its oldest and newest NumPy'
	@echo 'make clean     remove what these made'

demo: .venv-demo/installed-$(VERSION)
	.venv-demo/bin/ndmem run --force -o demo.ndmem examples/pipeline.py
	.venv-demo/bin/ndmem report demo.ndmem --by function

# Two processes, each with whole files: 8 minutes instead of 14 on two cores.
test: lint browser
	.venv/bin/python -m pytest -n 2 --dist loadfile

# The page is tested in Chromium. Root of a machine with apt is given one, as in CI; elsewhere those tests are skipped.
browser:
	@for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null && exit 0; done; \
	if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium; \
	fi || echo 'Chromium cannot be installed: the tests of the page in a browser are skipped'

lint: .venv/installed-$(VERSION)
	.venv/bin/ruff check $(CHECKED)
	.venv/bin/ruff format --check $(CHECKED)
	.venv/bin/mypy $(UNTYPED)
	.venv/bin/lint-imports

test-all: .venv/installed-$(VERSION)
	.venv/bin/python -m pip install --quiet nox
	.venv/bin/python -m nox

clean:
	rm -rf .venv .venv-demo .nox build dist demo.ndmem .*_cache .hypothesis

# An environment without this mark was made by another Python, or by somebody else: it is made anew.
.venv/python-$(VERSION) .venv-demo/python-$(VERSION):
	$(PYTHON) -c 'import sys; (3, 10) <= sys.version_info < (3, 14) or sys.exit("ndmem needs Python 3.10 to 3.13, not $(VERSION); name one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv --clear $(@D)
	touch $@

# mypy reads the code as Python 3.11's, which the stubs of NumPy 2.5 no longer are (they use the type statement of 3.12).
# Newer NumPys are tested by test-all.
.venv/installed-$(VERSION): .venv/python-$(VERSION) $(SOURCES)
	.venv/bin/python -m pip install --quiet '.[test,libraries]' 'numpy<2.5'
	touch $@

.venv-demo/installed-$(VERSION): .venv-demo/python-$(VERSION) $(SOURCES)
	.venv-demo/bin/python -m pip install --quiet .
	touch $@
