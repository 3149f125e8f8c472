/// Boxes for particular purposes.
///
/// ```java
/// try (Boxlite boxlite = Boxlite.open();
///     SimpleBox box = SimpleBox.start(boxlite, BoxOptions.ofImage("base").build())) {
///   System.out.println(box.exec("uname", "-a").stdout());
/// }
/// ```
package io.boxlite.boxes;
