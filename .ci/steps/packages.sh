#!/usr/bin/env bash
# Installs what tests need beyond what tools/build.sh installs by itself.
set -euo pipefail
packages=(bsdutils busybox-static curl docker-registry erofs-utils iproute2 nodejs openssl python3
  python3-pip python3-venv qemu-utils shellcheck skopeo umoci)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
command -v npm >/dev/null || missing+=(npm) # Node's own packages bring it along
[ ${#missing[@]} -eq 0 ] && exit 0
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
