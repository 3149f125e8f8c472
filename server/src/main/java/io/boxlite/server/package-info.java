/// The REST server over the library's interfaces.
///
/// ```java
/// try (RestServer server = RestServer.open(boxlite, home.resolve("boxlite.sock"))) {
///   boxlite.list();
/// }
/// ```
package io.boxlite.server;
