package io.boxlite.api;

/// What a pull has brought. Immutable.
///
/// @param image the image, now in the store
/// @param configDigest digest of its configuration, which is what Docker calls the image id
/// @param layerCount layers it has
/// @param fetched whether anything had to be fetched
/// @since 0.1
public record PulledImage(ImageInfo image, String configDigest, int layerCount, boolean fetched) {}
