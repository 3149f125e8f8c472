/// How results are printed: tables, JSON, YAML, templates, times.
@org.jspecify.annotations.NullMarked
package io.boxlite.cli.output;
