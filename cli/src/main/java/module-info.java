/// The `boxlite` command.
@org.jspecify.annotations.NullMarked
module io.boxlite.cli {
  requires static org.jspecify;
  requires io.boxlite.api;
  requires io.boxlite.client;
  requires io.boxlite.rest;
  requires info.picocli;
  requires io.avaje.jsonb;
  requires java.net.http;
  requires jdk.httpserver;
  requires jdk.unsupported;
  requires org.snakeyaml.engine;
}
