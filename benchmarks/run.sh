#!/usr/bin/env bash
# What `make bench` runs: ccstate and octoDNS, 1,000 and 10,000 resources; other sizes as arguments.
set -euo pipefail
cd "$(dirname "$0")/.."
exec python benchmarks/run.py "$@"
