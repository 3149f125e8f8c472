/// One class per verb, and what they share.
package io.boxlite.cli.command;
