package io.boxlite.rest;

import io.avaje.jsonb.Json;

/// A line of the audit log. Immutable.
///
/// @param time when the request came, RFC 3339
/// @param principal who sent it: the name of its API key; `-`: nobody that is known
/// @param remote address of the client
/// @param method of the request
/// @param path of the request, without its query
/// @param status of the answer
/// @param requestId id of the request
/// @param millis until the answer began
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record AuditBody(
    String time,
    String principal,
    String remote,
    String method,
    String path,
    int status,
    String requestId,
    long millis) {}
