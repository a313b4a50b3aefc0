# The two commands of the project: `make demo` and `make test`.
# Both make a virtual environment first; PYTHON chooses the interpreter.
PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check
CONSTRAINTS := constraints.txt
SPEC := setup.cfg pyproject.toml $(CONSTRAINTS)

.PHONY: demo test test-lowest lint types mutants docs dist clean

demo: $(VENV)/.demo
	$(VENV)/bin/python -m sktopo.demo $(ARGS)

# JOBS=0 runs the tests in this process, which options such as -s and --pdb need.
JOBS ?= 2
test: $(VENV)/.test
	$(VENV)/bin/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

# The same tests on the lowest versions that setup.cfg admits.
LOWEST := constraints-lowest.txt
test-lowest:
	$(MAKE) test VENV=.venv-lowest CONSTRAINTS=$(LOWEST) ARGS="$(ARGS)"

lint: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(VENV)/.dev
	$(VENV)/bin/mypy

# How many changes of the code the tests notice; takes an hour or more. A stopped run goes
# on. ARGS="sktopo.metrics*" chooses mutants, ARGS="--sample 200" draws some.
mutants: $(VENV)/.dev
	$(VENV)/bin/python -m benchmarks.mutants $(ARGS)

# The site, docs/_build/html; a warning is an error. Sphinx keeps what did not change.
docs: $(VENV)/.docs
	$(VENV)/bin/python -m sphinx -q -W --keep-going -d docs/_build/doctrees $(ARGS) \
		docs docs/_build/html
	$(VENV)/bin/python docs/check_site.py docs/_build/html

# What is uploaded to PyPI.
dist: $(VENV)/.dev
	rm -rf build dist
	$(VENV)/bin/python -m build
	$(VENV)/bin/twine check --strict dist/*

clean:
	rm -rf $(VENV) .venv-lowest build dist *.egg-info demo_output
	rm -rf docs/_build docs/auto_examples docs/api/generated mutants

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# What each of the stamps .demo, .test, .docs and .dev in the environment stands for.
EXTRAS_demo := torch,report
EXTRAS_test := tests
EXTRAS_docs := docs
EXTRAS_dev := dev

$(VENV)/.%: $(SPEC) | $(VENV)/bin/python
	@echo "Installing into $(VENV); the first time this takes a minute or more."
	$(PIP) install -q -c $(CONSTRAINTS) -e ".[$(EXTRAS_$*)]"
	touch $@
