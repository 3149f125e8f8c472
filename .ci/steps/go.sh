#!/usr/bin/env bash
# Format, static checks and unit tests of the Go programs.
set -euo pipefail
cd "$(dirname "$0")/../../native"
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || { echo "gofmt: $unformatted" >&2; exit 1; }
go vet ./...
go test -race ./...
