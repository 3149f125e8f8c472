/// Images: references, archives, the store, and the conversion of layers to EROFS files.
@org.jspecify.annotations.NullMarked
module io.boxlite.image {
  requires static transitive org.jspecify;
  requires transitive io.boxlite.api;
  requires com.github.luben.zstd_jni;

  exports io.boxlite.image;
}
