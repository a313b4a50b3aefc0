# The two commands of the project: `make demo` and `make test`.
# Both make a virtual environment first; PYTHON chooses the interpreter.
PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check
SPEC := setup.cfg pyproject.toml constraints.txt

.PHONY: demo test lint clean

demo: $(VENV)/.demo
	$(VENV)/bin/python -m sktopo.demo $(ARGS)

test: $(VENV)/.test
	$(VENV)/bin/python -m pytest $(ARGS)

lint: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

clean:
	rm -rf $(VENV) build *.egg-info demo_output

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# What each of the stamps .demo, .test and .dev in the environment stands for.
EXTRAS_demo := torch,plot
EXTRAS_test := tests
EXTRAS_dev := dev

$(VENV)/.%: $(SPEC) | $(VENV)/bin/python
	@echo "Installing into $(VENV); the first time this takes a minute or more."
	$(PIP) install -q -c constraints.txt -e ".[$(EXTRAS_$*)]"
	touch $@
