/// Boxes for particular purposes, over the library's interfaces alone.
@org.jspecify.annotations.NullMarked
module io.boxlite.boxes {
  requires static transitive org.jspecify;
  requires transitive io.boxlite.api;

  exports io.boxlite.boxes;
}
