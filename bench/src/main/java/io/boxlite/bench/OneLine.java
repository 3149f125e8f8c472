package io.boxlite.bench;

/// The floor of every Java command: starts, prints one line, ends.
final class OneLine {
  private OneLine() {}

  public static void main(String[] arguments) {
    System.out.println("one line");
  }
}
