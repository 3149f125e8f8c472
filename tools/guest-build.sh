#!/bin/sh
# Makes the guest: tools/guest-build.sh OUTDIR writes OUTDIR/vmlinuz and OUTDIR/initramfs.gz, and
# beside them OUTDIR/boxlite-volumes and OUTDIR/boxlite-net, which serve volumes and the network to it
# on the host.
# The kernel package is fetched and unpacked, not installed, and kept in .boxlite-build/kernel;
# nothing is done when nothing has changed. How to boot the result: docs/guest.md.
#
#   BOXLITE_KERNEL_DEB=FILE      takes this package instead of fetching one
#   BOXLITE_KERNEL_PACKAGE=NAME  fetches this one (default: linux-image-cloud-amd64 or -arm64)
#
# Needs: go as in native/go.mod, apt (apt-get, apt-cache), dpkg-deb (dpkg), depmod and modinfo (kmod), sha256sum.
set -eu
export LC_ALL=C PATH="$PATH:/usr/local/go/bin:/usr/sbin:/sbin"

# What the guest loads, in this order and each after what it needs; what is built in is left out.
MODULES='virtio_pci virtio_console virtio_blk virtio_net erofs overlay ext4 fuse'

fail() {
  echo "guest-build: $*" >&2
  exit 1
}
need() {
  command -v "$1" >/dev/null || fail "$1 is missing: apt-get install -y $2"
}
need go golang
need dpkg-deb dpkg
need depmod kmod
need modinfo kmod
need sha256sum coreutils

[ $# -eq 1 ] || fail "usage: tools/guest-build.sh OUTDIR"
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
cache=$root/.boxlite-build/kernel
mkdir -p "$cache"

case $(uname -m) in
x86_64) arch=amd64 ;;
aarch64) arch=arm64 ;;
*) fail "$(uname -m): only x86_64 and aarch64 are supported" ;;
esac

# Concurrent builds take turns.
exec 9>"$cache/lock"
if command -v flock >/dev/null; then flock 9; fi

# real_package: the versioned package behind a meta package, or the package itself.
real_package() {
  case $1 in
  linux-image-[0-9]*) printf '%s\n' "$1" ;;
  *) apt-cache depends --no-recommends --no-suggests "$1" 2>/dev/null |
    sed -n 's/^ *Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1 ;;
  esac
}

# fetch_kernel: prints the package's file. A package that was fetched before is used again, so that
# building offline works and does not change the kernel; remove the cache to get a newer one.
fetch_kernel() {
  if [ -n "${BOXLITE_KERNEL_DEB:-}" ]; then
    [ -r "$BOXLITE_KERNEL_DEB" ] || fail "BOXLITE_KERNEL_DEB=$BOXLITE_KERNEL_DEB: cannot be read"
    printf '%s\n' "$BOXLITE_KERNEL_DEB"
    return
  fi
  wanted=${BOXLITE_KERNEL_PACKAGE:-linux-image-cloud-$arch}
  dir=$cache/$wanted
  if ! ls "$dir"/*.deb >/dev/null 2>&1; then
    need apt-get apt
    need apt-cache apt
    package=$(real_package "$wanted")
    if [ -z "$package" ] && [ "$(id -u)" = 0 ]; then
      apt-get update >&2 || true
      package=$(real_package "$wanted")
    fi
    [ -n "$package" ] || fail "package $wanted: not known to apt: run apt-get update, or set BOXLITE_KERNEL_DEB"
    rm -rf "$dir.new"
    mkdir "$dir.new"
    # Without dropping to apt's own user, who may not write here.
    (cd "$dir.new" && apt-get -o APT::Sandbox::User=root download "$package" >&2) ||
      fail "package $package: cannot be fetched: check the network, or set BOXLITE_KERNEL_DEB"
    rm -rf "$dir"
    mv "$dir.new" "$dir"
  fi
  set -- "$dir"/*.deb
  printf '%s\n' "$1"
}

deb=$(fetch_kernel)
version=${BOXLITE_VERSION:-$(git -C "$root" describe --always --dirty 2>/dev/null || echo dev)}

# One sum over all that the result depends on.
stamp=$(
  {
    sha256sum <"$deb"
    sha256sum <"$0"
    go version
    cd "$root/native"
    find . -type f \( -name '*.go' -o -name 'go.*' \) ! -name '*_test.go' | sort | xargs sha256sum
  } | sha256sum
)
if [ -s "$out/vmlinuz" ] && [ -s "$out/initramfs.gz" ] && [ -x "$out/boxlite-volumes" ] && [ -x "$out/boxlite-net" ] && [ "$(cat "$out/.stamp" 2>/dev/null)" = "$stamp" ]; then
  exit 0
fi

work=$(mktemp -d "$out/.build.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

dpkg-deb -x "$deb" "$work/kernel"
set -- "$work"/kernel/boot/vmlinuz-*
[ -f "$1" ] || fail "$deb: holds no kernel"
kernel=$1
release=${kernel##*/vmlinuz-}
tree=$work/kernel
if [ ! -d "$tree/lib/modules/$release" ] && [ -d "$tree/usr/lib/modules/$release" ]; then
  tree=$work/kernel/usr # newer packages
fi
depmod -b "$tree" "$release"
moddir=$tree/lib/modules/$release

# with_dependencies FILE: the module's dependencies, deepest first, then itself. modules.dep lists
# the nearest first.
with_dependencies() {
  line=$(grep "^$1:" "$moddir/modules.dep")
  for dependency in ${line#*:}; do printf '%s\n' "$dependency"; done | tac
  printf '%s\n' "$1"
}

list=
for module in $MODULES; do
  file=$(sed -n "s|^\(.*/$module\.ko[.xzgst]*\):.*|\1|p" "$moddir/modules.dep")
  if [ -z "$file" ]; then
    grep -q "/$module\.ko" "$moddir/modules.builtin" || fail "kernel $release: has no module $module"
    continue
  fi
  for each in $(with_dependencies "$file"); do
    case " $list " in *" $each "*) ;; *) list="$list $each" ;; esac
  done
done

# Compressed modules are unpacked: the initramfs is compressed as a whole.
set --
for each in $list; do
  file=$moddir/$each
  case $file in
  *.xz) need xz xz-utils; xz -d "$file"; file=${file%.xz} ;;
  *.zst) need zstd zstd; zstd -q -d --rm "$file"; file=${file%.zst} ;;
  *.gz) gzip -d "$file"; file=${file%.gz} ;;
  esac
  modinfo -F name "$file" >/dev/null || fail "$file: is not a module"
  set -- "$@" "$file"
done

(
  cd "$root/native"
  CGO_ENABLED=0 GOOS=linux GOARCH=$arch go build -trimpath -buildvcs=false \
    -ldflags "-s -w -buildid= -X boxlite.io/native/internal/agent.Version=$version" \
    -o "$work/boxlite-guest" ./cmd/boxlite-guest
  CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -buildid=" \
    -o "$work/" ./cmd/boxlite-volumes ./cmd/boxlite-net
  go run -buildvcs=false ./cmd/boxlite-initramfs "$work/boxlite-guest" "$@" >"$work/initramfs.gz"
)
chmod 644 "$kernel" "$work/initramfs.gz"
rm -f "$out/.stamp"
mv "$kernel" "$out/vmlinuz"
mv "$work/boxlite-volumes" "$work/boxlite-net" "$out/"
mv "$work/initramfs.gz" "$out/initramfs.gz"
printf '%s' "$stamp" >"$out/.stamp"
