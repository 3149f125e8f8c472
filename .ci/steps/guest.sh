#!/usr/bin/env bash
# Tests of the agent in a VM of its own, against what tools/build.sh made.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
BOXLITE_GUEST_DIR=$root/dist/guest go -C "$root/native" test -count=1 -tags vm ./internal/vmtest
