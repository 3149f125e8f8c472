/// How results are printed: tables, JSON, YAML, templates, times.
package io.boxlite.cli.output;
