/// The network of boxes: rules, names, the audit log, secrets, and the talk with `boxlite-net`.
@org.jspecify.annotations.NullMarked
module io.boxlite.network {
  requires static transitive org.jspecify;
  requires transitive io.boxlite.api;
  requires io.avaje.json;
  requires org.dnsjava;

  exports io.boxlite.network;
}
