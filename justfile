# The recipes of the project; `just` lists them.

default:
    @just --list

# Everything that has to hold before a change lands.
ci:
    .ci/run

# The cockpit on the embedded simulator.
demo *ARGS:
    cargo run --release -- demo {{ARGS}}

# All tests.
test *ARGS:
    cargo test {{ARGS}}

# Format and lints.
lint:
    cargo fmt
    cargo clippy --all-targets -- -D warnings

# The files that are made by the program itself: the README's picture, its key table, the IAM policies.
generate:
    cargo run --release -- picture --out assets/cockpit.svg
    UPDATE_GENERATED=1 cargo test --test main generated

# Time to draw and to fold.
bench:
    cargo bench

# The promise of the verdict by simulation: writes the tables of docs/verdict.md; takes minutes.
calibrate *TABLES:
    cargo bench --bench calibrate -- {{TABLES}}

# A binary to ship: smaller, with link-time optimisation; takes several minutes.
dist:
    cargo build --profile dist
