/// Logging in by OpenID Connect: a person shows an issuer who they are, and gets tokens that stand
/// for them at a server.
@org.jspecify.annotations.NullMarked
package io.boxlite.cli.oidc;
