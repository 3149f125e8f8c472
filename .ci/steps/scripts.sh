#!/usr/bin/env bash
# Static checks of the shell scripts.
set -euo pipefail
cd "$(dirname "$0")/../.."
git ls-files | while read -r file; do
  if head -c 20 "$file" | grep -q '^#!.*sh'; then printf '%s\n' "$file"; fi
done | xargs shellcheck -x
