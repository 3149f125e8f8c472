/// A runtime in another process, reached over its socket.
///
/// ```java
/// try (RemoteBoxlite boxlite = RemoteBoxlite.connect(home.resolve("boxlite.sock"))) {
///   for (BoxInfo box : boxlite.list()) {
///     System.out.println(box.id());
///   }
/// }
/// ```
package io.boxlite.client;
