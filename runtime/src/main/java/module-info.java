/// The runtime: composes images, the VM driver and the portal into boxes.
@org.jspecify.annotations.NullMarked
module io.boxlite.runtime {
  requires transitive io.boxlite.api;
  requires com.github.luben.zstd_jni;
  requires com.google.protobuf;
  requires io.avaje.jsonb;
  requires transitive io.boxlite.image;
  requires io.boxlite.network;
  requires io.boxlite.protocol;
  requires io.boxlite.vmm;
  requires io.grpc;
  requires io.grpc.netty;
  requires io.grpc.protobuf;
  requires io.grpc.stub;
  requires io.netty.buffer;
  requires io.netty.common;
  requires io.netty.transport;
  requires java.sql;
  requires proto.google.common.protos;
  requires static org.jspecify;

  exports io.boxlite.runtime;

  provides io.avaje.jsonb.spi.JsonbExtension with
      io.boxlite.runtime.internal.state.StateJsonComponent;
}
