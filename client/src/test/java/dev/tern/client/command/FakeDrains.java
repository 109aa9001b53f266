package dev.tern.client.command;

import dev.tern.client.command.FakeTern.Answer;
import dev.tern.client.command.FakeTern.No;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Drains as docs/drain.md has them: with each look one more of two servers has moved. */
final class FakeDrains {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final Set<String> KNOWN =
      Set.of("host", "dry_run", "deadline", "limits", "order", "on_cannot_move", "targets");
  private static final Set<String> LIMITS = Set.of("out", "in", "cluster", "tries", "bandwidth");
  private static final Set<String> DRY = Set.of("planning", "planned");
  private static final int SERVERS = 2;

  private final Map<String, ObjectNode> drains = new LinkedHashMap<>();

  private static final Set<String> FEW_OF_ALL =
      Set.of("dry_run", "limits", "moves", "imbalance", "hosts");
  private static final Set<String> FEW_OF_ONE = Set.of("dry_run", "limits", "below", "targets");

  /** The last body that moves a few servers. */
  JsonNode asked = JSON.createObjectNode();

  /** The last server cannot be moved. */
  boolean leaves;

  Answer answer(String method, String[] parts, @Nullable String query, JsonNode body) throws No {
    if (parts.length == 2) {
      if (parts[1].equals("rebalance")) {
        return few("rebalance", body, FEW_OF_ALL);
      }
      return method.equals("POST")
          ? start(body)
          : list(query != null && query.contains("dry_runs=true"));
    }
    @Nullable ObjectNode drain = drains.get(parts[2]);
    if (drain == null) {
      throw new No(404, "Drain %s could not be found.".formatted(parts[2]));
    }
    if (method.equals("PATCH")) {
      check(body, false);
      return shown(202, drain);
    }
    return parts.length == 3 ? look(drain) : order(drain, parts[3], "abort=true".equals(query));
  }

  /** What moves a few servers. */
  Answer relieve(String host, JsonNode body) throws No {
    if (body.path("below").isEmpty()) {
      throw new No(400, "Name memory or vcpus.");
    }
    return few("relieve", body, FEW_OF_ONE);
  }

  private Answer few(String purpose, JsonNode body, Set<String> known) throws No {
    for (String field : body.propertyNames()) {
      if (!known.contains(field)) {
        throw new No(400, "Additional properties are not allowed: " + field);
      }
    }
    asked = body;
    return shown(202, begun(purpose, "host-1", body.path("dry_run").asBoolean(false)));
  }

  private static void check(JsonNode body, boolean begins) throws No {
    for (String field : body.propertyNames()) {
      if (!KNOWN.contains(field) || (!begins && field.equals("host"))) {
        throw new No(400, "Additional properties are not allowed: " + field);
      }
    }
    for (String field : body.path("limits").propertyNames()) {
      if (!LIMITS.contains(field)) {
        throw new No(400, "Additional properties are not allowed: " + field);
      }
    }
  }

  private Answer start(JsonNode body) throws No {
    check(body, true);
    String host = body.path("host").asString("");
    if (!host.equals("host-1")) {
      throw new No(400, "Compute host %s could not be found.".formatted(host));
    }
    boolean dry = body.path("dry_run").asBoolean(false);
    for (ObjectNode drain : drains.values()) {
      if (!dry && drain.path("state").asString().equals("draining")) {
        return shown(202, drain);
      }
    }
    return shown(202, begun("empty", host, dry));
  }

  private ObjectNode begun(String purpose, String host, boolean dry) {
    String id = UUID.randomUUID().toString();
    ObjectNode drain =
        JSON.createObjectNode().put("id", id).put("host", host).put("purpose", purpose);
    drain.put("state", dry ? "planning" : "draining").put("paused", false).putNull("plan");
    drain.putArray("servers");
    drain.putObject("report").put("servers", 0).put("moved", 0);
    drains.put(id, drain);
    return drain;
  }

  private Answer list(boolean dryRuns) {
    ObjectNode body = JSON.createObjectNode();
    ArrayNode all = body.putArray("drains");
    List<ObjectNode> newest = new ArrayList<>(drains.values()).reversed();
    newest.stream()
        .filter(drain -> dryRuns || !DRY.contains(drain.path("state").asString()))
        .forEach(all::add);
    return new Answer(200, body);
  }

  private Answer look(ObjectNode drain) {
    if (drain.path("plan").isNull()) {
      ObjectNode plan =
          drain
              .putObject("plan")
              .put("expected_end", "2026-08-01T02:00:00")
              .put("basis", "a guess");
      plan.putArray("remarks").add("The deadline cannot be met.");
      ArrayNode moves = plan.putArray("moves");
      moves
          .addObject()
          .put("server", "0b9a")
          .put("name", "web")
          .put("to", "host-2")
          .put("bytes", 1 << 20)
          .put("seconds", 9);
      moves
          .addObject()
          .put("server", "17cc")
          .put("name", "db")
          .putNull("to")
          .put("bytes", 1 << 20)
          .put("seconds", 9)
          .put("reason", "It is suspended.");
      drain.put(
          "state", drain.path("state").asString().equals("planning") ? "planned" : "draining");
    } else if (!drain.path("paused").asBoolean()
        && drain.path("state").asString().equals("draining")) {
      moveOne(drain);
    }
    return shown(200, drain);
  }

  private void moveOne(ObjectNode drain) {
    ArrayNode servers = (ArrayNode) drain.path("servers");
    boolean last = servers.size() == SERVERS - 1;
    servers
        .addObject()
        .put("server", "0b9a")
        .put("name", "web-" + servers.size())
        .put("state", last && leaves ? "left" : "moved")
        .put("reason", last && leaves ? "It is in error." : "")
        .put("to", "host-2");
    drain
        .putObject("report")
        .put("servers", SERVERS)
        .put("moved", last && leaves ? 1 : servers.size())
        .put("bytes", 1 << 20)
        .put("seconds", 4.5)
        .put("longest_pause_millis", 81);
    if (last) {
      boolean empties = drain.path("purpose").asString("").equals("empty");
      drain.put("state", leaves ? "incomplete" : empties ? "drained" : "done");
    }
  }

  private static Answer order(ObjectNode drain, String word, boolean abort) throws No {
    if (abort && !word.equals("cancel")) {
      throw new No(400, "Only a cancel aborts.");
    }
    switch (word) {
      case "pause" -> drain.put("paused", true);
      case "resume" -> drain.put("paused", false);
      case "cancel" -> drain.put("state", "cancelled");
      case "return" -> drain.put("state", "returning");
      default -> throw new No(404, "Not Found");
    }
    return shown(202, drain);
  }

  private static Answer shown(int status, ObjectNode drain) {
    return new Answer(status, JSON.createObjectNode().set("drain", drain.deepCopy()));
  }
}
