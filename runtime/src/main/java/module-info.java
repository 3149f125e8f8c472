/// The runtime: composes images, the VM driver and the portal into boxes.
@org.jspecify.annotations.NullMarked
module io.boxlite.runtime {
  requires transitive io.boxlite.api;
  requires io.avaje.jsonb;
  requires java.sql;
  requires static org.jspecify;

  exports io.boxlite.runtime;

  provides io.avaje.jsonb.spi.JsonbExtension with
      io.boxlite.runtime.internal.state.StateJsonComponent;
}
