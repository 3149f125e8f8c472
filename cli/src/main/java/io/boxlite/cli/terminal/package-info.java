/// The local terminal: raw mode and size.
package io.boxlite.cli.terminal;
