/// The `boxlite` command.
package io.boxlite.cli;
