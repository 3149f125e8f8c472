package io.boxlite.cli.oidc;

/// The issuer gives no tokens. Source: RFC 6749, section 5.2. Immutable.
///
/// @since 0.1
public final class LoginRefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  /// The issuer's code.
  private final String error;

  LoginRefusedException(String error, String description) {
    super(
        Issuer.shown(error)
            + (description.isEmpty() ? "" : " (" + Issuer.shown(description) + ")"));
    this.error = error;
  }

  /// {@return the issuer's code, such as `invalid_grant`}
  public String error() {
    return error;
  }
}
