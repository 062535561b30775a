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

# The stories on a real Argo Rollouts controller: needs Go, python3 and openssl; builds it once, about 8 minutes.
e2e-argo *FILTER:
    tests/e2e/argo/run {{FILTER}}

# Format and lints.
lint:
    cargo fmt
    cargo clippy --all-targets -- -D warnings

# The files that are made by the program itself: the README's picture and key table, the IAM policies, docs/reliability.md.
generate:
    cargo run --release -- picture --out assets/cockpit.svg
    UPDATE_GENERATED=1 cargo test --test main generated
    UPDATE_GENERATED=1 cargo test --test main -- --ignored every_order_holds

# Kills the program a thousand times in the middle of an order; takes an hour. SEED, KILLS, THREADS.
kill:
    cargo test --test main -- --ignored --nocapture a_thousand_kills

# Random keys, sizes, faults and clocks for long; SEED and STEPS choose another night.
monkey:
    cargo test --test main -- --ignored --nocapture a_long_night

# A simulated day in front of the screen: memory after the first hour and at the end; a quarter of an hour. SPEED, HOURS.
soak:
    cargo test --test main -- --ignored --nocapture a_day_takes

# Sends broken input to every reader for MINUTES each; needs cargo-fuzz (`cargo install cargo-fuzz --locked`).
fuzz MINUTES="10" *TARGETS="words wire journal cluster replies":
    #!/usr/bin/env bash
    set -euo pipefail
    for target in {{TARGETS}}; do
        mkdir -p "fuzz/corpus/$target"
        RUSTC_BOOTSTRAP=1 cargo fuzz run "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
            -max_total_time=$((60 * {{MINUTES}})) -timeout=20 -rss_limit_mb=4096
    done

# Time to draw and to fold.
bench:
    cargo bench

# The promise of the verdict by simulation: writes the tables of docs/verdict.md; takes minutes.
calibrate *TABLES:
    cargo bench --bench calibrate -- {{TABLES}}

# A binary to ship: smaller, with link-time optimisation; takes several minutes.
dist:
    cargo build --profile dist
