package io.boxlite.api;

import java.util.List;
import java.util.Locale;
import java.util.Set;

/// Names of Linux capabilities.
final class Capabilities {
  /// Source: capabilities(7). Whether the guest's kernel has one is decided there.
  private static final Set<String> NAMES =
      Set.of(
          "ALL",
          "AUDIT_CONTROL",
          "AUDIT_READ",
          "AUDIT_WRITE",
          "BLOCK_SUSPEND",
          "BPF",
          "CHECKPOINT_RESTORE",
          "CHOWN",
          "DAC_OVERRIDE",
          "DAC_READ_SEARCH",
          "FOWNER",
          "FSETID",
          "IPC_LOCK",
          "IPC_OWNER",
          "KILL",
          "LEASE",
          "LINUX_IMMUTABLE",
          "MAC_ADMIN",
          "MAC_OVERRIDE",
          "MKNOD",
          "NET_ADMIN",
          "NET_BIND_SERVICE",
          "NET_BROADCAST",
          "NET_RAW",
          "PERFMON",
          "SETFCAP",
          "SETGID",
          "SETPCAP",
          "SETUID",
          "SYSLOG",
          "SYS_ADMIN",
          "SYS_BOOT",
          "SYS_CHROOT",
          "SYS_MODULE",
          "SYS_NICE",
          "SYS_PACCT",
          "SYS_PTRACE",
          "SYS_RAWIO",
          "SYS_RESOURCE",
          "SYS_TIME",
          "SYS_TTY_CONFIG",
          "WAKE_ALARM");

  private Capabilities() {}

  /// Checks that all are names.
  ///
  /// @param field its name, for the message
  static void check(List<String> capabilities, String field, OptionChecks checks) {
    for (String name : capabilities) {
      checks.require(isName(name), field, "'" + name + "' is not a capability name");
    }
  }

  /// {@return whether it is one, with or without `CAP_`, or `ALL`}
  private static boolean isName(String name) {
    String upper = name.toUpperCase(Locale.ROOT);
    return NAMES.contains(upper.startsWith("CAP_") ? upper.substring(4) : upper);
  }
}
