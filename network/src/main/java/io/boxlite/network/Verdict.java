package io.boxlite.network;

/// What is to happen with a flow.
sealed interface Verdict {
  /// Connect.
  ///
  /// @param address where
  /// @param tag what it is
  record Dial(int address, FlowTag tag) implements Verdict {}

  /// Hand to the proxy.
  ///
  /// @param flow what the proxy is told
  /// @param tag what it is
  record Proxy(FlowProxy.Flow flow, FlowTag tag) implements Verdict {}

  /// Look at what the box sends first.
  ///
  /// @param waitMillis how long it may send nothing
  /// @param tag what is known so far
  record Peek(int waitMillis, FlowTag tag) implements Verdict {}

  /// Look at more of it.
  record More() implements Verdict {}

  /// Refuse.
  ///
  /// @param name the host, if known; else empty
  /// @param rule what denies it, or empty
  /// @param reason why
  record Deny(String name, String rule, String reason) implements Verdict {}
}
