/// One class per verb, and what they share.
@org.jspecify.annotations.NullMarked
package io.boxlite.cli.command;
