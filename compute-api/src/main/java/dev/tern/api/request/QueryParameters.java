package dev.tern.api.request;

import dev.tern.api.errors.Refusals;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The query of a request, in order, a name may come several times. */
public record QueryParameters(Map<String, List<String>> values) {

  /**
   * Reads a raw query.
   *
   * @throws dev.tern.contract.ComputeException 400 when it is not URL-encoded text
   */
  public static QueryParameters parse(@Nullable String raw) {
    Map<String, List<String>> values = new LinkedHashMap<>();
    if (raw != null) {
      for (String pair : raw.split("&", -1)) {
        if (!pair.isEmpty()) {
          int equals = pair.indexOf('=');
          String name = decoded(equals < 0 ? pair : pair.substring(0, equals));
          String value = equals < 0 ? "" : decoded(pair.substring(equals + 1));
          values.computeIfAbsent(name, n -> new ArrayList<>()).add(value);
        }
      }
    }
    return new QueryParameters(values);
  }

  private static String decoded(String text) {
    try {
      String decoded = URLDecoder.decode(text, StandardCharsets.UTF_8);
      if (decoded.indexOf('\0') >= 0) {
        throw Refusals.invalid("The query string has a NUL, which no text may have.");
      }
      return decoded;
    } catch (IllegalArgumentException e) {
      throw Refusals.invalid("The query string is not URL-encoded.");
    }
  }

  public Set<String> names() {
    return values.keySet();
  }

  public boolean has(String name) {
    return values.containsKey(name);
  }

  /** The last value given, as Nova takes it. */
  public Optional<String> one(String name) {
    List<String> all = values.get(name);
    return all == null ? Optional.empty() : Optional.of(all.getLast());
  }

  /**
   * The last value given, read.
   *
   * @param read throws {@link IllegalArgumentException} with the reason
   * @throws dev.tern.contract.ComputeException 400 with that reason
   */
  public <T> Optional<T> read(String name, Function<String, T> read) {
    return one(name)
        .map(text -> {
          try {
            return read.apply(text);
          } catch (IllegalArgumentException e) {
            throw Refusals.invalidQuery(
                name, "Value: %s. %s".formatted(Refusals.shortened(text), e.getMessage()));
          }
        });
  }

  public List<String> all(String name) {
    return values.getOrDefault(name, List.of());
  }

  /** True when given as true, or given without a value. */
  public boolean flag(String name) {
    Optional<String> text = one(name);
    if (text.isEmpty()) {
      return false;
    }
    return text.get().isEmpty()
        || Booleans.parseQuery(text.get())
            .orElseThrow(() ->
                Refusals.invalidQuery(
                    name,
                    "Value: %s. It must be a boolean.".formatted(Refusals.shortened(text.get()))));
  }

  public Optional<Instant> instant(String name) {
    return one(name)
        .map(text ->
            Dates.parse(text)
                .orElseThrow(() ->
                    Refusals.invalidQuery(
                        name,
                        "Value: %s. %s is not a 'date-time'"
                            .formatted(Refusals.shortened(text), Refusals.shortened(text)))));
  }

  /**
   * Holds when every name is a known one.
   *
   * @throws dev.tern.contract.ComputeException 400 naming one that is not
   */
  public void refuseOthers(Set<String> known) {
    for (String name : names()) {
      if (!known.contains(name)) {
        throw Refusals.invalidQuery(
            Refusals.shortened(name),
            "Additional properties are not allowed ('%s' was unexpected)"
                .formatted(Refusals.shortened(name)));
      }
    }
  }

  /** This query with one parameter set, as text for a link. */
  String with(String name, String value) {
    StringBuilder text = new StringBuilder();
    values.forEach((key, all) -> {
      if (!key.equals(name)) {
        all.forEach(each -> append(text, key, each));
      }
    });
    append(text, name, value);
    return text.toString();
  }

  private static void append(StringBuilder text, String name, String value) {
    text.append(text.isEmpty() ? "" : "&")
        .append(URLEncoder.encode(name, StandardCharsets.UTF_8))
        .append('=')
        .append(URLEncoder.encode(value, StandardCharsets.UTF_8));
  }
}
