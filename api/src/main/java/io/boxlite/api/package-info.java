/// The Java API of BoxLite.
///
/// ```java
/// try (Boxlite boxlite = Boxlite.open()) {
///   Box box = boxlite.create(BoxOptions.ofImage("base").build());
///   Execution execution = box.exec(ExecOptions.of("echo", "hello"));
///   System.out.println(new String(execution.stdout().readAllBytes(), UTF_8));
///   box.remove(true);
/// }
/// ```
///
/// @since 0.1
package io.boxlite.api;
