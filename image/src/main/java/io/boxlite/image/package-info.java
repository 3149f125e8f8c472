/// The images of a home: they are loaded from archives, kept as an OCI image layout, and their
/// layers are made into read-only EROFS files that a box mounts.
///
/// ```java
/// ImageStore store = ImageStore.open(home.resolve("images"), home.resolve("tmp"));
/// try (InputStream archive = Files.newInputStream(Path.of("base.tar"))) {
///   store.load(archive);
/// }
/// StoredImage image = store.get("base");
/// PreparedImage prepared = store.prepare(image);
/// prepared.layers().forEach(IO::println); // lowest first
/// ```
package io.boxlite.image;
