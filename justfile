# Recipes for who has `just`; each is a line or two that can be typed as well.

# List the recipes
default:
    @just --list

# What must hold before a change: formatting, lints, documentation, tests
check:
    bash .ci/run check

# All that is checked before a merge: `check` and the experiment of the README
ci:
    bash .ci/run

# Tests only, documentation examples included
test:
    cargo test --workspace

# Tests with those that take longer than a second
slow:
    DUPIN_SLOW_TESTS=1 cargo test --release --workspace

# Speed of the contraction engine against the peak of the same machine, then of whole programs
bench:
    cargo run --release --package dupin-cpu --example contract_speed
    cargo run --release -- bench

# Rewrite the golden files, to be reviewed as a diff
golden:
    DUPIN_BLESS=1 cargo test --workspace
    git diff --stat -- testdata/golden

# Documentation of every crate, warnings are errors
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# Licences, advisories and sources of dependencies (needs cargo-deny)
deny:
    cargo deny check

# Rewrite the oracle values, to be reviewed as a diff (needs Python 3.11 or later and PyPI)
oracle python="python3":
    test -d .venv || {{ python }} -m venv .venv
    .venv/bin/pip install --quiet --requirement scripts/oracle/requirements.txt
    .venv/bin/python scripts/oracle/make_tables.py
    .venv/bin/python scripts/oracle/make_fixtures.py
    git diff --stat -- testdata/oracle

# Recompute the products of dumps by JAX in float64: `dupin split --dump FILE ...`, then `just check-dump FILE`
check-dump +files:
    .venv/bin/python scripts/oracle/check_dump.py {{ files }}
