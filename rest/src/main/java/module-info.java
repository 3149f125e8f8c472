/// The REST contract: JSON bodies, error envelope, WebSocket frames and paths; one truth for server
/// and client.
@org.jspecify.annotations.NullMarked
module io.boxlite.rest {
  requires static transitive org.jspecify;
  requires transitive io.boxlite.api;
  requires io.avaje.jsonb;

  exports io.boxlite.rest to
      io.boxlite.server,
      io.boxlite.client,
      io.boxlite.cli;

  provides io.avaje.jsonb.spi.JsonbExtension with
      io.boxlite.rest.jsonb.GeneratedJsonComponent;
}
