#!/usr/bin/env bash
# Measures the programs of this folder, all players on this machine and each bound to a core, and prints a table.
# Usage: programs/bench/run.sh [RUNS] [NAME…]
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --release --quiet --bins
exec cargo run --release --quiet --package mpc-tests --bin bench -- "$@"
