package io.boxlite.cli.output;

import java.util.ArrayList;
import java.util.List;

/// A table with box-drawing lines: a header, and rows without lines between them. Confined to one
/// thread.
///
/// @since 0.1
public final class Table {
  private final List<String> header;
  private final List<List<String>> rows = new ArrayList<>();

  /// A table without rows.
  ///
  /// @param header names of the columns
  public Table(String... header) {
    this.header = List.of(header);
  }

  /// Adds a row.
  ///
  /// @param cells as many as there are columns
  /// @return this
  public Table row(String... cells) {
    rows.add(List.of(cells));
    return this;
  }

  /// {@return the table as text, every line ended}
  public String render() {
    int[] widths = new int[header.size()];
    measure(widths, header);
    rows.forEach(row -> measure(widths, row));
    StringBuilder out = new StringBuilder();
    line(out, widths, "┌", "┬", "┐");
    cells(out, widths, header);
    if (!rows.isEmpty()) {
      line(out, widths, "├", "┼", "┤");
      rows.forEach(row -> cells(out, widths, row));
    }
    line(out, widths, "└", "┴", "┘");
    return out.toString();
  }

  private static void measure(int[] widths, List<String> cells) {
    for (int i = 0; i < widths.length; i++) {
      widths[i] = Math.max(widths[i], width(cells.get(i)));
    }
  }

  private static int width(String text) {
    return text.codePointCount(0, text.length());
  }

  private static void line(
      StringBuilder out, int[] widths, String left, String middle, String right) {
    for (int i = 0; i < widths.length; i++) {
      out.append(i == 0 ? left : middle).repeat('─', widths[i] + 2);
    }
    out.append(right).append('\n');
  }

  private static void cells(StringBuilder out, int[] widths, List<String> cells) {
    for (int i = 0; i < widths.length; i++) {
      String cell = cells.get(i);
      out.append("│ ").append(cell).repeat(' ', widths[i] - width(cell) + 1);
    }
    out.append("│\n");
  }
}
