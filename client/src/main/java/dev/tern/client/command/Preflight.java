package dev.tern.client.command;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

@Command(
    name = "preflight",
    description =
        "What migrating would come to, without doing it. Exits 1 when a server cannot be moved.")
final class Preflight extends Verb {
  @Parameters(arity = "0..*", paramLabel = "SERVER", description = "Their ids or names.")
  private List<String> servers = List.of();

  @Option(names = "--of-host", paramLabel = "HOST", description = "All servers of this host.")
  private @Nullable String host;

  @Option(
      names = "--target",
      paramLabel = "HOST",
      description = "To this host; may be given more than once. Usually to any.")
  private List<String> targets = List.of();

  @Option(
      names = "--or-cold",
      description = "A server that can only be moved while it does not run can be moved, too.")
  private boolean orCold;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (servers.isEmpty() == (host == null)) {
      throw new IllegalArgumentException("Name servers, or a host with --of-host; not both.");
    }
    Map<String, Object> asked = new LinkedHashMap<>();
    if (host != null) {
      asked.put("host", host);
    } else {
      List<String> ids = new ArrayList<>();
      for (String server : servers) {
        ids.add(server(server).id());
      }
      asked.put("servers", ids);
    }
    if (!targets.isEmpty()) {
      asked.put("targets", targets);
    }
    if (orCold) {
      asked.put("on_cannot_move", "cold");
    }
    JsonNode preflight = tern().preflight(asked);
    if (json()) {
      screen().json(preflight);
    } else {
      preflight.path("servers").forEach(this::tell);
    }
    return preflight.path("possible").asBoolean(false) ? DONE : FAILED;
  }

  private void tell(JsonNode server) {
    boolean possible = server.path("blockers").isEmpty();
    screen()
        .line(
            "server %s (%s): %s"
                .formatted(
                    Facts.text(server, "name"),
                    Facts.text(server, "server"),
                    possible
                        ? "from %s to %s"
                            .formatted(
                                Facts.text(server, "source"), Facts.text(server, "destination"))
                        : "cannot be moved"));
    for (JsonNode blocker : server.path("blockers")) {
      screen().line("! " + Facts.text(blocker, "message"));
    }
    JsonNode plan = server.path("plan");
    JsonNode forecast = server.path("forecast");
    if (possible) {
      screen()
          .line(
              "to send: disks %s, layers %s, memory %s"
                  .formatted(
                      Facts.size(plan, "disk_bytes"),
                      Facts.size(plan, "layer_bytes"),
                      Facts.size(plan, "memory_bytes")));
      JsonNode seconds = forecast.path("seconds");
      screen()
          .line(
              seconds.isObject()
                  ? "forecast: %s s (%s to %s)"
                      .formatted(
                          Facts.text(seconds, "expected"),
                          Facts.text(seconds, "low"),
                          Facts.text(seconds, "high"))
                  : "forecast: none, " + Facts.text(forecast, "reason"));
      if (!forecast.path("basis").asString("").isEmpty()) {
        screen().line("rests on: " + Facts.text(forecast, "basis"));
      }
      JsonNode writes = forecast.path("writes");
      screen()
          .line(
              "the guest writes: %s; converges: %s"
                  .formatted(
                      writes.isObject()
                          ? "memory %s/s, disks %s/s"
                              .formatted(
                                  writes.path("memory_bytes_per_second").isNumber()
                                      ? Facts.size(writes, "memory_bytes_per_second")
                                      : "unknown",
                                  Facts.size(writes, "disk_bytes_per_second"))
                          : "unknown",
                      converges(forecast.path("converges"))));
      JsonNode back = server.path("return");
      if (back.isObject() && !back.path("possible").asBoolean(false)) {
        back.path("reasons")
            .forEach(why -> screen().line("! it could not return: " + why.asString("")));
      }
    }
    tellCold(server.path("cold"));
    if (server.path("candidates").isObject()) {
      DecisionTold.tell(screen(), server.path("candidates"));
    }
  }

  /** What there is to tell of one that does not move while it runs. */
  private void tellCold(JsonNode cold) {
    if (!cold.isObject()) {
      return;
    }
    for (JsonNode blocker : cold.path("blockers")) {
      screen().line("! nor cold: " + Facts.text(blocker, "message"));
    }
    if (cold.path("possible").asBoolean(false)) {
      JsonNode forecast = cold.path("forecast");
      JsonNode seconds = forecast.path("seconds");
      screen()
          .line(
              "cold: to %s, disks %s, layers %s, %s s (%s to %s)%s"
                  .formatted(
                      Facts.text(cold, "destination"),
                      Facts.size(cold.path("plan"), "disk_bytes"),
                      Facts.size(cold.path("plan"), "layer_bytes"),
                      Facts.text(seconds, "expected"),
                      Facts.text(seconds, "low"),
                      Facts.text(seconds, "high"),
                      forecast.path("down_millis").isNumber()
                          ? ", down for about %d s"
                              .formatted(forecast.path("down_millis").asLong() / 1000)
                          : ""));
      screen().line("cold: " + Facts.text(cold, "says"));
    }
  }

  private static String converges(JsonNode told) {
    return told.isBoolean() ? (told.asBoolean() ? "yes" : "no") : "unknown";
  }
}
