package io.boxlite.api.internal.copy;

import java.util.ArrayList;
import java.util.List;

/// What was not copied, and why; bounded.
final class SkipList {
  private static final int MAX = 100;
  private static final int MAX_LENGTH = 1000;

  private final List<String> reasons = new ArrayList<>();

  void add(String reason) {
    if (reasons.size() < MAX) {
      reasons.add(
          reasons.size() == MAX - 1
              ? "more was skipped"
              : reason.substring(0, Math.min(reason.length(), MAX_LENGTH)));
    }
  }

  List<String> toList() {
    return List.copyOf(reasons);
  }
}
