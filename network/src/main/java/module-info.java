/// The network of boxes: rules, names, the audit log, secrets, and the talk with `boxlite-net`.
@org.jspecify.annotations.NullMarked
module io.boxlite.network {
  requires static transitive org.jspecify;
  requires transitive io.boxlite.api;
  requires io.avaje.json;
  requires org.dnsjava;
  requires io.netty.buffer;
  requires io.netty.codec;
  requires io.netty.codec.http;
  requires io.netty.codec.http2;
  requires io.netty.common;
  requires io.netty.handler;
  requires io.netty.transport;
  requires org.bouncycastle.pkix;
  requires org.bouncycastle.provider;

  exports io.boxlite.network;
}
