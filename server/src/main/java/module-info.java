/// The REST server over the library's interfaces, and the supervisor of a home directory.
@org.jspecify.annotations.NullMarked
module io.boxlite.server {
  requires static transitive org.jspecify;
  requires transitive io.boxlite.api;
  requires io.boxlite.rest;
  requires io.boxlite.runtime;
  requires org.eclipse.jetty.server;
  requires org.eclipse.jetty.unixdomain.server;
  requires org.eclipse.jetty.websocket.server;
  requires java.logging;
  requires static io.opentelemetry.api;
  requires static io.opentelemetry.context;
  requires static io.opentelemetry.sdk;
  requires static io.opentelemetry.sdk.trace;
  requires static io.opentelemetry.sdk.common;
  requires static io.opentelemetry.sdk.autoconfigure;
  requires static io.opentelemetry.sdk.autoconfigure.spi;
  requires org.slf4j;
  requires ch.qos.logback.classic;
  requires ch.qos.logback.core;

  exports io.boxlite.server;

  provides io.boxlite.api.spi.BoxliteProvider with
      io.boxlite.server.EmbeddedProvider;
  provides ch.qos.logback.classic.spi.Configurator with
      io.boxlite.server.StderrLogging;
}
