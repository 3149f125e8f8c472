/// What a program touches to run boxes: the runtime, boxes, executions, their options, infos and
/// errors. Implementations come from other modules, found through
/// [io.boxlite.api.spi.BoxliteProvider].
@org.jspecify.annotations.NullMarked
module io.boxlite.api {
  requires static transitive org.jspecify;

  exports io.boxlite.api;
  exports io.boxlite.api.spi;
  exports io.boxlite.api.internal to
      io.boxlite.client,
      io.boxlite.image,
      io.boxlite.runtime,
      io.boxlite.server,
      io.boxlite.vmm;
  exports io.boxlite.api.internal.tar to
      io.boxlite.image,
      io.boxlite.runtime;

  uses io.boxlite.api.spi.BoxliteProvider;
}
