package io.boxlite.rest;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/// One line of the answer while a template is made: a stage, or the end. Immutable.
///
/// @param progress the stage that begins
/// @param template what was made; the last line
/// @param error why it could not be made; the last line
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record TemplateEventBody(
    @Nullable String progress,
    @Nullable TemplateBody template,
    ErrorBody.@Nullable Failure error) {}
