/// Images: references, archives, the store, and the conversion of layers to EROFS files.
@org.jspecify.annotations.NullMarked
module io.boxlite.image {
  requires static transitive org.jspecify;
  requires transitive io.boxlite.api;
  requires com.github.luben.zstd_jni;
  requires io.avaje.jsonb;
  requires java.net.http;

  exports io.boxlite.image;

  provides io.avaje.jsonb.spi.JsonbExtension with
      io.boxlite.image.internal.oci.jsonb.GeneratedJsonComponent;
}
