#!/usr/bin/env bash
# Format, static checks and unit tests of the Go programs.
set -euo pipefail
cd "$(dirname "$0")/../../native"
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || { echo "gofmt: $unformatted" >&2; exit 1; }
go vet ./...
go vet -tags vm ./...
go test -race ./...
# The race detector takes memory of its own.
go test -count=1 -run TestMemoryStaysBounded ./internal/usernet
