package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;

/// Templates. Immutable.
///
/// @param templates the templates
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record TemplateListBody(List<TemplateBody> templates) {}
