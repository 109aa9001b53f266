package dev.tern.client.command;

import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** Fields of what the API said, as people read them. What is not there or not known is a dash. */
final class Facts {
  static final String NONE = "-";

  private static final long KIB = 1024;
  private static final String[] UNITS = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  private static final double MILLIS = 1000;

  private Facts() {}

  static String text(JsonNode node, String field) {
    JsonNode value = node.path(field);
    return value.isNull() || value.isMissingNode() || value.isContainer()
        ? NONE
        : value.asString("").isEmpty() ? NONE : value.asString("");
  }

  static Optional<Double> number(JsonNode node, String field) {
    JsonNode value = node.path(field);
    return value.isNumber() ? Optional.of(value.doubleValue()) : Optional.empty();
  }

  /** Of bytes. */
  static String size(JsonNode node, String field) {
    return number(node, field).map(Facts::size).orElse(NONE);
  }

  private static String size(double bytes) {
    if (Math.abs(bytes) < KIB) {
      return "%.0f B".formatted(bytes);
    }
    double amount = bytes / KIB;
    int unit = 0;
    while (amount >= KIB && unit < UNITS.length - 1) {
      amount /= KIB;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %s", amount, UNITS[unit]);
  }

  static String rate(JsonNode node, String field) {
    return number(node, field).map(bytes -> size(bytes) + "/s").orElse(NONE);
  }

  static String millis(JsonNode node, String field) {
    return number(node, field)
        .map(millis -> String.format(Locale.ROOT, "%.1f ms", millis))
        .orElse(NONE);
  }

  /** Of milliseconds. */
  static String seconds(JsonNode node, String field) {
    return number(node, field)
        .map(millis -> String.format(Locale.ROOT, "%.1f s", millis / MILLIS))
        .orElse(NONE);
  }

  static String percent(JsonNode node, String field) {
    return number(node, field)
        .map(percent -> String.format(Locale.ROOT, "%.1f %%", percent))
        .orElse(NONE);
  }

  /** Why something ended as it did, or empty. */
  static Optional<String> failure(JsonNode node) {
    JsonNode message = node.path("failure").path("message");
    return message.isString() ? Optional.of(message.stringValue()) : Optional.empty();
  }
}
