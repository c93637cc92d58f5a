# Everything a contributor runs. `make` lists the targets; each sets up .venv first.
# Needs Python 3.11 or newer, a C compiler and make; CMake and Ninja are fetched when absent.

PYTHON ?= python3

venv := .venv
bin := $(venv)/bin
python := $(bin)/python
pip := $(python) -m pip --disable-pip-version-check install --quiet

# Python edits are seen at once; these need a build, and so does a file that is added or removed.
compiled := pyproject.toml CMakeLists.txt $(shell find src -name '*.pyx' -o -name '*.pxd' -o -name '*.pxi' -o -name '*.h')
files := $(sort $(shell find src -type f -not -name '*.pyc'))

.DELETE_ON_ERROR:
.PHONY: help demo test crash fuzz sanitize lint wheel bench notebooks clients python bare cross aarch64 s390x i386 docs reproducible release-check clean FORCE

help:
	@echo "make demo    train on handwritten digits and plot what was learned"
	@echo "make test    build and run the tests"
	@echo "make crash   kill trainings at 1,000 random moments, and compare what they end with"
	@echo "make fuzz    call kernels with strange arrays, load damaged files, look for leaks: millions of each"
	@echo "make sanitize  test and fuzz the kernels with Address-, UndefinedBehavior- and ThreadSanitizer"
	@echo "make lint    check style, types, stubs and workflows"
	@echo "make wheel   build a wheel from the source distribution and test it in a clean environment"
	@echo "make reproducible   build both distributions twice, and compare their bytes"
	@echo "make release-check  run all that can be run before a release"
	@echo "make bench   measure"
	@echo "make docs    build the site of the documentation in build/docs"
	@echo "make python  run the tests on VERSION=3.14 or 3.13t of Python, or with NUMPY=2.0"
	@echo "make bare    run the tests without any optional package"
	@echo "make cross   compile for Windows and macOS, without running it"
	@echo "make aarch64 build for 64-bit ARM and test the kernels in an emulated processor; also s390x, i386"
	@echo "make notebooks  write the lecture's notebooks, and run the solved ones"
	@echo "make clients run other packages' suites on agx and on HIPS autograd"
	@echo "make clean   remove everything that make has made"

demo: $(venv)/.installed
	$(bin)/agx train --data digits

test: $(venv)/.installed $(venv)/.test
	$(python) -m pytest

crash: $(venv)/.installed $(venv)/.test
	rm -rf build/crash
	mkdir -p build/crash
	PYTHONPATH=tests $(python) tests/crashing.py 1000 build/crash

fuzz: $(venv)/.installed $(venv)/.test
	cd tests && ../$(python) -m fuzzing kernels --calls $(or $(CALLS),10000000)
	cd tests && ../$(python) -m fuzzing files --files $(or $(FILES),1000000)
	cd tests && ../$(python) -m fuzzing leaks

sanitize: $(venv)/.installed $(venv)/.test
	$(python) tools/sanitize.py $(SANITIZE)

bench: $(venv)/.installed $(venv)/.test
	$(python) -m benchmarks

notebooks: $(venv)/.installed $(venv)/.notebooks
	$(python) tools/notebooks.py --run

clients: $(venv)/.installed $(venv)/.test build/clients/.installed
	$(python) tests/clients/run.py

python: $(venv)/.made $(venv)/.platforms
	$(python) tools/pythons.py --version=$(VERSION) --numpy=$(NUMPY) --group=$(GROUP) $(TESTS)

bare: GROUP = test-bare
bare: python

cross: $(venv)/.installed $(venv)/.platforms
	$(python) tools/cross.py

aarch64 s390x i386: $(venv)/.installed $(venv)/.platforms
	$(python) tools/processors.py $@ $(TESTS)

docs: $(venv)/.installed $(venv)/.docs
	$(python) docs/_site/build.py

lint: $(venv)/.installed $(venv)/.test $(venv)/.lint
	$(python) -m pytest -q tests/test_budget.py tests/test_layering.py tests/test_typing.py
	$(bin)/ruff check
	$(bin)/ruff format --check
	PATH="$(CURDIR)/$(bin):$$PATH" cython-lint src
	$(bin)/mypy
	$(python) -m mypy.stubtest agx._kernels --ignore-missing-stub --ignore-disjoint-bases
	$(bin)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(bin)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(bin)/zizmor --offline --quiet --persona auditor --strict-collection --no-ignores .github

wheel: $(venv)/.installed $(venv)/.build
	rm -rf dist build/installed
	$(python) -m build
	$(python) tools/shrink.py dist/*.whl
	$(PYTHON) -m venv --clear .venv-wheel
	.venv-wheel/bin/python -m pip --disable-pip-version-check install --quiet --upgrade "pip>=25.1"
	.venv-wheel/bin/python -m pip install --quiet dist/*.whl --group test
	.venv-wheel/bin/python wheels/test_wheel.py dist/*.whl
# The tests run from a copy, where there is no src to import by accident.
	mkdir -p build/installed
	cp -R pyproject.toml README.md tests benchmarks examples build/installed
	cd build/installed && ../../.venv-wheel/bin/python -m pytest

reproducible: $(venv)/.installed $(venv)/.build
	$(python) tools/reproducible.py

release-check: $(venv)/.installed $(venv)/.lint $(venv)/.release
	$(python) tools/release_check.py

clean:
	rm -rf .venv .venv-wheel build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(venv)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "agx needs Python 3.11 or newer; try: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || \
	  { echo "$(PYTHON) cannot make environments; on Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(venv)
	$(pip) --upgrade "pip>=25.1"
	@touch $@

$(venv)/.files: $(venv)/.made FORCE
	@echo "$(files)" | cmp -s - $@ || echo "$(files)" > $@

# Without isolation a rebuild compiles only what has changed. The second line asks the build backend
# what else it wants: CMake and Ninja, unless the system has them.
$(venv)/.requirements: pyproject.toml $(venv)/.made
	$(pip) $$($(python) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"])')
	$(pip) wheel $$($(python) -c 'from scikit_build_core.build import *; print(*get_requires_for_build_editable())')
	@touch $@

$(venv)/.installed: $(venv)/.requirements $(venv)/.files $(compiled)
	$(pip) --no-build-isolation --editable ".[plot]"
	@touch $@

build/clients/.installed: tests/clients/requirements.txt $(venv)/.made
	rm -rf build/clients/site
	$(pip) --target build/clients/site --requirement $<
	@touch $@

$(venv)/.test $(venv)/.lint $(venv)/.build $(venv)/.release $(venv)/.docs $(venv)/.notebooks $(venv)/.platforms: $(venv)/.%: pyproject.toml $(venv)/.made
	$(pip) --group $*
	@touch $@
