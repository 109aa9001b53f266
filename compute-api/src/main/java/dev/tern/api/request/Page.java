package dev.tern.api.request;

import dev.tern.api.errors.Refusals;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import tools.jackson.databind.node.ObjectNode;

/** The part of a list that was asked for. */
public record Page(Optional<String> marker, int limit) {
  /** Nova's {@code max_limit}: more is cut to it. */
  public static final int MAX = 1000;

  static Page of(QueryParameters query) {
    Optional<String> text = query.one("limit");
    int limit = MAX;
    if (text.isPresent()) {
      if (!text.get().matches("[0-9]{1,18}")) {
        throw Refusals.invalidQuery(
            "limit",
            "Value: %s. It must be a non-negative integer."
                .formatted(Refusals.shortened(text.get())));
      }
      limit = (int) Math.min(MAX, Long.parseLong(text.get()));
    }
    return new Page(query.one("marker").filter(m -> !m.isEmpty()), limit);
  }

  /** Everything, for endpoints that did not page yet in an old version. */
  public static Page first() {
    return new Page(Optional.empty(), MAX);
  }

  /** Adds the link to the next page when this one is full. */
  public <T> void linkNext(
      ObjectNode body, String key, List<T> items, Function<T, String> idOf, ApiRequest request) {
    if (limit == 0 || items.size() < limit) {
      return;
    }
    String next = request.query().with("marker", idOf.apply(items.getLast()));
    body.putArray(key)
        .addObject()
        .put("rel", "next")
        .put("href", request.base() + request.path() + "?" + next);
  }
}
