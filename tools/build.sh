#!/usr/bin/env bash
# Builds all that a run needs into dist/: jars, guest, base image, start-up caches.
# The launcher calls it when dist/ is missing; a developer runs it again after a change.
#
#   tools/build.sh               builds
#   tools/build.sh --if-missing  does nothing when dist/ is complete
set -euo pipefail
root=$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
PATH=$PATH:/usr/sbin:/sbin
# Of the form 1.MINOR or 1.MINOR.PATCH.
go_minor=$(sed -n 's/^go 1\.\([0-9]*\).*/\1/p' "$root/native/go.mod")

say() { printf 'boxlite: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# --- what the build and a run need from the system -------------------------------------------

case $(uname -m) in
  x86_64) qemu="qemu-system-x86_64:qemu-system-x86" ;;
  aarch64) qemu="qemu-system-aarch64:qemu-system-arm" ;;
  *) die "unsupported architecture $(uname -m): x86_64 or aarch64 is needed" ;;
esac
# command:Debian package
needed=("$qemu" qemu-img:qemu-utils mke2fs:e2fsprogs mvn:maven cpio:cpio depmod:kmod
  setsid:util-linux flock:util-linux unzip:unzip xz:xz-utils)

missing_packages() {
  local entry
  for entry in "${needed[@]}"; do
    command -v "${entry%%:*}" >/dev/null || printf '%s\n' "${entry#*:}"
  done | sort -u
}

install_packages() { # install_packages PACKAGE...
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
      say "these Debian packages are missing: $*"
      die "install them: sudo apt-get update && sudo apt-get install -y --no-install-recommends $*"
    fi
    sudo=(sudo -n)
  fi
  say "installing Debian packages: $*"
  ${sudo[@]+"${sudo[@]}"} apt-get -q update >&2
  ${sudo[@]+"${sudo[@]}"} env DEBIAN_FRONTEND=noninteractive \
    apt-get -q install -y --no-install-recommends "$@" >&2
}

check_go() {
  local version
  PATH=$PATH:/usr/local/go/bin
  command -v go >/dev/null ||
    die "no Go found: install Go 1.$go_minor or newer from https://go.dev/dl and put it on PATH"
  version=$(GOTOOLCHAIN=local go env GOVERSION)
  version=${version#go1.}
  [ "${version%%[!0-9]*}" -ge "$go_minor" ] ||
    die "Go 1.$version is too old: install Go 1.$go_minor or newer from https://go.dev/dl"
}

check_requirements() {
  local packages
  if ! command -v dpkg-deb >/dev/null || ! command -v apt-get >/dev/null; then
    die "dpkg-deb and apt-get are needed: the guest's kernel is a Debian package"
  fi
  mapfile -t packages < <(missing_packages)
  if [ "${#packages[@]}" -gt 0 ]; then install_packages "${packages[@]}"; fi
  check_go
}

# --- parts of dist/ --------------------------------------------------------------------------

build_jars() { # build_jars DIST
  say "compiling"
  # Maven resets the colour even of what is no terminal.
  "$root/mvnw" -q -Dquick -Dmaven.test.skip -pl cli -am package 2>&1 | sed 's/\x1b\[0m//g' >&2
  mkdir -p "$1/lib"
  cp "$root"/cli/target/lib/*.jar "$root/cli/target/boxlite-cli-$(project_version).jar" "$1/lib/"
  rm -f "$1"/lib/avaje-jsonb-inject-plugin-*.jar # for a framework that is not used
  # The command line only gets what it uses: each jar on the class path costs a start.
  class_path "$1" boxlite-cli- boxlite-api boxlite-client boxlite-rest boxlite-picocli \
    avaje-json snakeyaml-engine >"$1/cli.classpath"
  # The supervisor looks for services in all of its jars, so it has those for traces when they are
  # configured only.
  class_path "$1" opentelemetry- >"$1/telemetry.classpath"
  class_path "$1" '' | sed 's/opentelemetry-[^:]*:*//g' >"$1/supervisor.classpath"
}

project_version() {
  sed -n 's:^  <version>\(.*\)</version>:\1:p' "$root/pom.xml" | head -n 1
}

class_path() { # class_path DIST PREFIX...: names of the jars with these prefixes, in this order
  local dist=$1 prefix jar names=()
  shift
  for prefix in "$@"; do
    for jar in "$dist/lib/$prefix"*.jar; do
      if [ -e "$jar" ]; then names+=("${jar##*/}"); fi
    done
  done
  (IFS=: && printf '%s\n' "${names[*]}")
}

# Otherwise every start would unpack it into the temporary directory.
extract_sqlite() { # extract_sqlite DIST
  local arch=x86_64 jar
  if [ "$(uname -m)" = aarch64 ]; then arch=aarch64; fi
  mkdir -p "$1/native"
  for jar in "$1"/lib/sqlite-jdbc-*.jar; do
    [ -e "$jar" ] || return 0
    unzip -qo -j "$jar" "org/sqlite/native/Linux/$arch/libsqlitejdbc.so" -d "$1/native" >&2
  done
}

# --- ahead-of-time caches of the JVM ---------------------------------------------------------

# Runs a supervisor on an empty home and some commands against it. A cache that cannot be made only
# costs start-up time, so that is no reason to fail.
train_caches() { # train_caches DIST
  local dist=$1 home supervisor
  # shellcheck source=tools/jvm-flags.sh
  . "$root/tools/jvm-flags.sh"
  mkdir -p "$dist/cache"
  home=$(mktemp -d)
  say "training the start-up caches"
  BOXLITE_DIST=$dist train supervisor "${supervisor_flags[@]}" -- io.boxlite.server.SupervisorMain \
    --home "$home" >"$home/train.log" 2>&1 &
  supervisor=$!
  for _ in $(seq 150); do
    if [ -S "$home/boxlite.sock" ] || ! kill -0 "$supervisor" 2>/dev/null; then break; fi
    sleep 0.1
  done
  (train cli "${cli_flags[@]}" -- io.boxlite.cli.Training "$home") >/dev/null 2>&1 || true
  kill -TERM "$supervisor" 2>/dev/null || true
  wait "$supervisor" || true
  rm -rf "$home"
  for name in cli supervisor; do
    if [ ! -s "$dist/cache/$name.aot" ]; then say "no start-up cache for $name: starts are slower"; fi
  done
}

train() { # train NAME FLAG... -- MAIN ARGUMENT...; uses $dist
  local name=$1 names flags=()
  shift
  while [ "$1" != -- ]; do flags+=("$1") && shift; done
  shift
  IFS= read -r names <"$dist/$name.classpath"
  exec "$jdk/bin/java" "${flags[@]}" -XX:AOTCacheOutput="$dist/cache/$name.aot" \
    -cp "$dist/lib/${names//:/:$dist/lib/}" "$@"
}

# --- all of it -------------------------------------------------------------------------------

build() {
  local new=$root/dist.tmp
  check_requirements
  . "$root/tools/jdk.sh"
  jdk=$(find_jdk)
  rm -rf "$new"
  mkdir -p "$new/images"
  printf '%s\n' "$jdk" >"$new/jdk"
  build_jars "$new"
  extract_sqlite "$new"
  say "building the guest"
  "$root/tools/guest-build.sh" "$new/guest" >&2
  say "building the base image"
  "$root/tools/base-image.sh" "$new/images/base.tar" >&2
  train_caches "$new"
  : >"$new/complete"
  # A process that still runs from the old directory keeps its open files.
  rm -rf "$root/dist.old"
  if [ -e "$root/dist" ]; then mv "$root/dist" "$root/dist.old"; fi
  mv "$new" "$root/dist"
  rm -rf "$root/dist.old"
}

main() {
  mkdir -p "$root/.boxlite-build"
  exec 9>"$root/.boxlite-build/lock"
  if ! flock -n 9; then
    say "another build is running, waiting for it"
    flock 9
  fi
  if [ "${1-}" = --if-missing ]; then
    if [ -e "$root/dist/complete" ]; then return; fi
    say "first run: building, this takes some minutes"
  fi
  # Children do not hold the lock: a build tool's daemon may outlive the build.
  build 9>&-
  say "built"
}

main "$@"
