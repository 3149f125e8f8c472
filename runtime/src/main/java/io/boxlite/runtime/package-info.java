/// Opens a home directory as its supervisor.
///
/// @since 0.1
package io.boxlite.runtime;
