/// The library's interfaces over REST: a runtime that lives in another process.
@org.jspecify.annotations.NullMarked
module io.boxlite.client {
  requires static transitive org.jspecify;
  requires transitive io.boxlite.api;
  requires io.boxlite.rest;
  requires jdk.net;

  exports io.boxlite.client;

  provides io.boxlite.api.spi.BoxliteProvider with
      io.boxlite.client.AttachedProvider;
}
