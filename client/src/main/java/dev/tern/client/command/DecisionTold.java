package dev.tern.client.command;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import tools.jackson.databind.JsonNode;

/** Why a host, and why not the others: a scheduler's decision as people read it. */
final class DecisionTold {
  private DecisionTold() {}

  static void tell(Screen screen, JsonNode decision) {
    JsonNode hosts = decision.path("hosts");
    screen.line(
        "%s of %s hosts passed"
            .formatted(decision.path("passed").asInt(0), decision.path("looked").asInt(0)));
    List<List<String>> rows = new ArrayList<>();
    for (JsonNode host : hosts) {
      boolean passed = host.path("passed").asBoolean(false);
      rows.add(
          List.of(
              Facts.text(host, "host"),
              passed ? "passed" : "refused",
              passed ? String.format(Locale.ROOT, "%.3f", host.path("weight").asDouble(0)) : "-",
              passed ? scores(host) : refusals(host)));
    }
    if (!rows.isEmpty()) {
      screen.table(List.of("HOST", "", "WEIGHT", "WHY"), rows);
    }
    if (hosts.size() < decision.path("looked").asInt(0)) {
      StringJoiner others = new StringJoiner(", ");
      decision
          .path("refused_by")
          .forEach(by ->
              others.add("%s %s".formatted(Facts.text(by, "filter"), Facts.text(by, "hosts"))));
      screen.line("refused by filter: " + (others.length() == 0 ? "none" : others));
    }
    decision.path("would_fit").forEach(hint -> screen.line("! " + Facts.text(hint, "text")));
  }

  private static String scores(JsonNode host) {
    StringJoiner all = new StringJoiner(", ");
    for (JsonNode score : host.path("scores")) {
      all.add(
          String.format(
              Locale.ROOT,
              "%s %.3f",
              Facts.text(score, "weigher"),
              score.path("points").asDouble(0)));
    }
    return all.toString();
  }

  private static String refusals(JsonNode host) {
    StringJoiner all = new StringJoiner("; ");
    for (JsonNode refusal : host.path("refusals")) {
      all.add("%s: %s".formatted(Facts.text(refusal, "filter"), Facts.text(refusal, "message")));
    }
    return all.toString();
  }
}
