package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;

/// The OpenAPI document, and whether answers are as it says.
final class ApiDocument {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final JsonSchemaFactory SCHEMAS =
      JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);
  private static final JsonNode ROOT = read();

  private ApiDocument() {}

  private static JsonNode read() {
    try {
      return JSON.readTree(DocumentRoutes.document());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /// {@return method and path of each operation}
  static List<String> operations() {
    return operations(_ -> true);
  }

  /// {@return method and path of each operation with a parameter}
  ///
  /// @param reference of the parameter
  static List<String> operationsWith(String reference) {
    return operations(
        operation -> operation.path("parameters").findValuesAsText("$ref").contains(reference));
  }

  private static List<String> operations(Predicate<JsonNode> wanted) {
    List<String> all = new ArrayList<>();
    ROOT.get("paths")
        .properties()
        .forEach(path ->
            path.getValue().properties().stream()
                .filter(operation -> wanted.test(operation.getValue()))
                .forEach(operation ->
                    all.add(operation.getKey().toUpperCase(Locale.ROOT) + " " + path.getKey())));
    return all;
  }

  /// Fails if an answer is not as the document says. Requests that it does not know are not judged.
  ///
  /// @param answer status line, headers and body as they came
  static void check(String method, String path, String answer) {
    Optional<JsonNode> operation = operation(method, path.replaceFirst("\\?.*", ""));
    int end = answer.indexOf("\r\n\r\n");
    if (operation.isEmpty() || end < 0) {
      return;
    }
    String head = answer.substring(0, end);
    String status = head.split(" ", 3)[1];
    JsonNode documented = resolved(operation.get().get("responses").path(status));
    assertThat(documented.isMissingNode()).as("%s %s: %s", method, path, head).isFalse();
    JsonNode schema = documented.at("/content/application~1json/schema");
    String body = answer.substring(end + 4);
    boolean whole = !head.toLowerCase(Locale.ROOT).contains("transfer-encoding: chunked");
    if (!schema.isEmpty() && whole && !method.equals("HEAD") && head.contains("application/json")) {
      assertThat(faults(schema, body)).as("%s %s: %s", method, path, body).isEmpty();
    }
  }

  private static JsonNode resolved(JsonNode node) {
    return node.has("$ref") ? ROOT.at(node.get("$ref").asText().substring(1)) : node;
  }

  private static List<String> faults(JsonNode schema, String body) {
    ObjectNode root = JSON.createObjectNode();
    root.set("components", ROOT.get("components"));
    root.setAll((ObjectNode) schema);
    try {
      return SCHEMAS.getSchema(root).validate(JSON.readTree(body)).stream()
          .map(Object::toString)
          .toList();
    } catch (IOException e) {
      return List.of(String.valueOf(e.getMessage()));
    }
  }

  private static Optional<JsonNode> operation(String method, String path) {
    return ROOT.get("paths").properties().stream()
        .filter(entry -> path.matches(entry.getKey().replaceAll("\\{\\w+}", "[^/]+")))
        .sorted((one, other) ->
            Boolean.compare(one.getKey().contains("{"), other.getKey().contains("{")))
        .map(entry -> entry.getValue().get(method.toLowerCase(Locale.ROOT)))
        .filter(found -> found != null)
        .findFirst();
  }
}
