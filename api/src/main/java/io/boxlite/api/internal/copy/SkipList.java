package io.boxlite.api.internal.copy;

import java.util.ArrayList;
import java.util.List;

/// What was not copied, and why; bounded.
final class SkipList {
  private static final int MAX = 100;
  private static final int MAX_LENGTH = 1000;

  /// Before what the agent has skipped, in a comment of the tar.
  private static final String AGENT = "boxlite: ";

  private final List<String> reasons = new ArrayList<>();

  void add(String reason) {
    if (reasons.size() < MAX) {
      reasons.add(
          reasons.size() == MAX - 1
              ? "more was skipped"
              : reason.substring(0, Math.min(reason.length(), MAX_LENGTH)));
    }
  }

  /// Adds what a comment of the tar tells, if the agent made it.
  ///
  /// @param comment its bytes as Latin-1
  void addComment(String comment) {
    if (comment.startsWith(AGENT)) {
      add(TarUnpacker.decoded(comment.substring(AGENT.length())));
    }
  }

  List<String> toList() {
    return List.copyOf(reasons);
  }
}
