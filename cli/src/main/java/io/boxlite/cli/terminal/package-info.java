/// The local terminal: raw mode and size.
@org.jspecify.annotations.NullMarked
package io.boxlite.cli.terminal;
