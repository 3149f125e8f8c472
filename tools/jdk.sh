# Sourced by the launcher and the build: the one place that knows how to find a JDK.

JDK_FEATURE=25

# find_jdk: prints the home of a JDK of that feature release; says what to do when there is none.
find_jdk() {
  local candidate
  for candidate in "${BOXLITE_JAVA_HOME:-}" "${JAVA_HOME:-}" \
    /usr/lib/jvm/*"$JDK_FEATURE"* "$HOME"/.sdkman/candidates/java/"$JDK_FEATURE"* /opt/*jdk*"$JDK_FEATURE"*; do
    if [ -n "$candidate" ] && [ -x "$candidate/bin/javac" ] &&
      grep -qs "^JAVA_VERSION=\"$JDK_FEATURE[.\"]" "$candidate/release"; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  echo "boxlite: no JDK $JDK_FEATURE found: install one under /usr/lib/jvm, or set JAVA_HOME to it" >&2
  return 1
}
