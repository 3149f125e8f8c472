package io.boxlite.server;

/// A route refuses what its client may not do.
final class RefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  final Refusal refusal;
  final String detail;

  RefusedException(Refusal refusal, String detail) {
    super(refusal.message);
    this.refusal = refusal;
    this.detail = detail;
  }
}
