# The two commands of the project: `make demo` and `make test`.
# Both make a virtual environment first; PYTHON chooses the interpreter.
PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check
SPEC := setup.cfg pyproject.toml constraints.txt

.PHONY: demo test lint docs clean

demo: $(VENV)/.demo
	$(VENV)/bin/python -m sktopo.demo $(ARGS)

test: $(VENV)/.test
	$(VENV)/bin/python -m pytest $(ARGS)

lint: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

# The site, docs/_build/html; a warning is an error. Sphinx keeps what did not change.
docs: $(VENV)/.docs
	$(VENV)/bin/python -m sphinx -q -W --keep-going -d docs/_build/doctrees $(ARGS) \
		docs docs/_build/html
	$(VENV)/bin/python docs/check_site.py docs/_build/html

clean:
	rm -rf $(VENV) build *.egg-info demo_output
	rm -rf docs/_build docs/auto_examples docs/api/generated

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# What each of the stamps .demo, .test, .docs and .dev in the environment stands for.
EXTRAS_demo := torch,plot
EXTRAS_test := tests
EXTRAS_docs := docs
EXTRAS_dev := dev

$(VENV)/.%: $(SPEC) | $(VENV)/bin/python
	@echo "Installing into $(VENV); the first time this takes a minute or more."
	$(PIP) install -q -c constraints.txt -e ".[$(EXTRAS_$*)]"
	touch $@
