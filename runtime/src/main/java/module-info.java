/// Lifecycle, state, disks, portal and home layout: composes images and virtual machines to boxes.
@org.jspecify.annotations.NullMarked
module io.boxlite.runtime {
  requires static org.jspecify;
  requires transitive io.boxlite.api;
  // Portal
  requires com.google.protobuf;
  requires io.boxlite.protocol;
  requires io.grpc;
  requires io.grpc.netty;
  requires io.grpc.protobuf;
  requires io.grpc.stub;
  requires io.netty.buffer;
  requires io.netty.common;
  requires io.netty.transport;
  requires proto.google.common.protos;
}
