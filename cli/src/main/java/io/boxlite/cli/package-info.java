/// The `boxlite` command.
@org.jspecify.annotations.NullMarked
package io.boxlite.cli;
