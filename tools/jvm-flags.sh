# Sourced by the launcher and by the training of the caches: a cache is only used by a JVM with the
# flags that it was trained with. Needs $dist.
# shellcheck shell=bash disable=SC2034,SC2154

common_flags=(
  -XX:+UseSerialGC
  -XX:-UsePerfData
  -Xlog:disable # the JVM logs to stdout, also when it merely does not like a cache
  --enable-native-access=ALL-UNNAMED
)

# Lives for a moment: the quick compiler only. No thread dump into the output on SIGQUIT.
cli_flags=(
  "${common_flags[@]}"
  -XX:TieredStopAtLevel=1
  -Xmx128m
  -XX:+UnlockDiagnosticVMOptions -XX:-DisplayVMOutput
)

supervisor_flags=(
  "${common_flags[@]}"
  -Xmx240m
  --sun-misc-unsafe-memory-access=allow # protobuf and Netty still use it, and the JVM would warn
  -XX:+ExitOnOutOfMemoryError
  -Djdk.http.auth.tunneling.disabledSchemes= # a proxy's password for https registries
  -Dorg.sqlite.lib.path="$dist/native" -Dorg.sqlite.lib.name=libsqlitejdbc.so
)
