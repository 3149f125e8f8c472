# Sourced by the scripts beside it: builds what is missing and runs a class of the benchmarks.
# shellcheck shell=bash
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bench_jar=$root/bench/target/boxlite-bench-0.1.0.jar

build_bench() {
  # shellcheck source=tools/jdk.sh
  . "$root/tools/jdk.sh"
  JAVA_HOME=$(find_jdk)
  "$root/boxlite" --version >/dev/null # builds what is missing
  local newer # than the jar, or all if there is none
  newer=$(find "$root/bench/src" "$root/bench/pom.xml" -newer "$bench_jar" 2>&1 | head -1)
  [ -z "$newer" ] || "$root/mvnw" -q -Dquick -Dmaven.test.skip=true -pl bench -am package
}

run_bench() { # run_bench CLASS [ARGUMENT...]
  local class=$1
  shift
  build_bench
  echo "# $(date -u +%F), $(nproc) CPUs, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)"
  exec "$JAVA_HOME/bin/java" -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED \
    --sun-misc-unsafe-memory-access=allow -cp "$bench_jar:$root/dist/lib/*" \
    "io.boxlite.bench.$class" "$root" "$@"
}
