package io.boxlite.runtime.internal.network;

/// Whom programs of a box shall trust.
///
/// @param authority certificate of the box's own authority, in PEM
/// @param common what the host trusts, in PEM, for an image that says nothing
public record GuestTrust(String authority, String common) {}
