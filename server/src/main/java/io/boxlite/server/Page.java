package io.boxlite.server;

import io.boxlite.api.ConfigException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A part of a list, as `pageSize` and `pageToken` of a request ask for it. A token says the last
/// item that the client has, so that what comes and goes meanwhile moves no other item to another
/// page. Immutable.
///
/// @param items in order
/// @param nextToken where the next page begins; absent at the end
record Page<T>(List<T> items, @Nullable String nextToken) {
  private static final int MAX_SIZE = 1000;
  private static final String DEFAULT_SIZE = "100";

  /// {@return the page that a request asks for; all if it asks for none, since the clients of the
  /// contract read the first page only}
  ///
  /// @param all items
  /// @param position what they are ordered by, unique
  /// @param order of the positions
  static <T> Page<T> of(
      Exchange exchange, List<T> all, Function<T, String> position, Comparator<String> order) {
    Optional<String> pageSize = exchange.query("pageSize");
    Optional<String> pageToken = exchange.query("pageToken");
    if (pageSize.isEmpty() && pageToken.isEmpty()) {
      return new Page<>(all, null);
    }
    int size = size(pageSize.orElse(DEFAULT_SIZE));
    Optional<String> after = pageToken.map(Page::decoded);
    List<Placed<T>> rest =
        all.stream()
            .map(item -> new Placed<>(position.apply(item), item))
            .filter(item -> after.isEmpty() || order.compare(item.position, after.get()) > 0)
            .sorted(Comparator.comparing(Placed::position, order))
            .limit(size + 1L)
            .toList();
    List<Placed<T>> page = rest.subList(0, Math.min(size, rest.size()));
    return new Page<>(
        page.stream().map(Placed::item).toList(),
        rest.size() > size ? encoded(page.getLast().position) : null);
  }

  /// An item with its position, which is made once.
  private record Placed<T>(String position, T item) {}

  private static int size(String text) {
    try {
      int size = Integer.parseInt(text);
      if (size >= 1 && size <= MAX_SIZE) {
        return size;
      }
    } catch (NumberFormatException e) {
      // refused below
    }
    throw new ConfigException(
        "invalid_page_size", "pageSize must be between 1 and " + MAX_SIZE + ", not '" + text + "'");
  }

  private static String encoded(String position) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(position.getBytes(StandardCharsets.UTF_8));
  }

  private static String decoded(String token) {
    try {
      return new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(
          "invalid_page_token", "pageToken is not one that this server gave; begin again without");
    }
  }
}
