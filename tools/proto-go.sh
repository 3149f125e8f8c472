#!/bin/sh
# Regenerates native/internal/agentpb from proto/. The result is committed, so that a build needs
# neither protoc nor its plugins. Needs: protoc (apt-get install protobuf-compiler), Go.
set -eu

PROTOC_GEN_GO=google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
PROTOC_GEN_GO_GRPC=google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.0

root=$(cd "$(dirname "$0")/.." && pwd)
protoc=${PROTOC:-protoc}
for tool in "$protoc" go; do
  command -v "$tool" >/dev/null || {
    echo "proto-go: $tool is missing: apt-get install protobuf-compiler golang" >&2
    exit 1
  }
done

bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
GOBIN=$bin GOFLAGS='' go install "$PROTOC_GEN_GO"
GOBIN=$bin GOFLAGS='' go install "$PROTOC_GEN_GO_GRPC"
PATH=$bin:$PATH "$protoc" -I "$root/proto" \
  --go_out="$root/native" --go_opt=module=boxlite.io/native \
  --go-grpc_out="$root/native" --go-grpc_opt=module=boxlite.io/native \
  boxlite/agent/v1/agent.proto
