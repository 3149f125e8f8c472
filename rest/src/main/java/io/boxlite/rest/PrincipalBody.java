package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Who the caller is. Immutable.
///
/// @param sub stable id
/// @param principalType `user` or `service_account`
/// @param scopes what it may do
/// @param email address
/// @param displayName for people
/// @param pathPrefix prefix that its paths need, if any
/// @param expiresAt end of the credential, if any
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record PrincipalBody(
    String sub,
    String principalType,
    List<String> scopes,
    @Nullable String email,
    @Nullable String displayName,
    @Nullable String pathPrefix,
    @Nullable String expiresAt) {}
