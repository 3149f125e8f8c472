/// The contract with the guest agent, generated from `proto/`; nothing here is written by hand.
@org.jspecify.annotations.NullMarked
module io.boxlite.protocol {
  requires static org.jspecify;
  requires transitive com.google.common;
  requires transitive com.google.protobuf;
  requires transitive io.grpc;
  requires transitive io.grpc.stub;
  requires io.grpc.protobuf;

  exports io.boxlite.protocol.agent.v1;
}
