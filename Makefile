# Needs git, make and Python 3.10 to 3.13 with venv, on x86-64 Linux. Each target is quick the second time.
#
#   make run [PORT=8080]   serve Treadle with its sample projects
#   make test [JOBS=3]     all tests: Python on SQLite and PostgreSQL, front end, browser
#   make check             style, types, laws of the house, images and manifests
#   make test-long         the tests that take minutes
#   make bench             the figures of benchmarks/, beside Label Studio (installed in .bench/, about 1 GB)
#   make bench-short       the same in smaller sizes; prints alone
#   make screenshots       the pictures in docs/screenshots, anew
#   make dist              wheels/: Treadle and all it needs, for machines without any network
#   make audit             licences and known vulnerabilities of all that is installed, as a page of docs/
#   make lock              write the lock anew from pyproject.toml

PORT ?= 8080
# How many tests run at once, a file of them in one process; many wait for a server now and then.
JOBS ?= 3
export JOBS
PYTHON ?=
export PYTHON
# Where nothing that was compiled is kept, each of the many processes takes thrice the time to start.
unexport PYTHONDONTWRITEBYTECODE
# Versions of Python that the wheels of make dist are for, about 200 MB each.
DIST_PYTHONS ?= 3.10 3.11 3.12 3.13
# Node and npm of the virtual environment go before the machine's, which may be too old.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

ONCE := scripts/once.sh
NPM_CI := npm ci --no-audit --no-fund --loglevel=error
STATIC := src/treadle/web/static

.PHONY: setup venv npm front-end browser run test test-long check bench bench-short screenshots dist audit lock

setup: venv front-end

venv:
	@$(ONCE) .venv/.complete requirements pyproject.toml -- scripts/make-venv.sh .venv

npm: venv
	@cd frontend && ../$(ONCE) node_modules/.complete package.json package-lock.json -- $(NPM_CI)

front-end: npm
	@$(ONCE) $(STATIC)/.complete frontend -- npm --prefix frontend run build

browser: venv
	@cd tests/browser && ../../$(ONCE) node_modules/.complete package.json package-lock.json -- $(NPM_CI)
	@python scripts/find_chromium.py >/dev/null

run: setup
	@exec treadle serve --port $(PORT) --with-samples

test: setup browser
	@scripts/test-on-3.10.sh
	@npm --prefix frontend test
	@nice -n 19 python -m pytest -m "not long" -n $(JOBS) --dist loadfile

test-long: setup browser
	@NEW_EXAMPLES=1 npm --prefix frontend test
	@python -m pytest -m long --hypothesis-profile=default

check: npm
	ruff check
	ruff format --check
	mypy
	npm --prefix frontend run check
	python -m pytest -q -m "not long" tests/laws tests/deploy --ignore=tests/deploy/test_loop.py

bench: setup browser
	python -m benchmarks

bench-short: setup browser
	python -m benchmarks --short

screenshots: setup browser
	@python -m scripts.screenshots

dist: setup
	@scripts/make-wheels.sh wheels $(DIST_PYTHONS)
	@du -sh wheels

audit: setup browser
	@python -m scripts.audit

lock:
	@scripts/lock.sh
