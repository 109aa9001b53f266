package dev.tern.client.command;

import dev.tern.client.command.FakeTern.Answer;
import dev.tern.client.command.FakeTern.Look;
import dev.tern.client.command.FakeTern.No;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** One that moves on whenever it is looked at by itself. */
final class FakeMigration {
  private static final Set<String> OVER = Set.of("completed", "failed", "cancelled", "error");

  private final FakeTern tern;
  private final ObjectNode server;
  private final Deque<Look> coming;
  private final String uuid = UUID.randomUUID().toString();
  private final ObjectNode policy = JsonMapper.shared().createObjectNode();
  private Look now = new Look("accepted", 0);
  private boolean checked;

  FakeMigration(FakeTern tern, ObjectNode server, List<Look> script) {
    this.tern = tern;
    this.server = server;
    this.coming = new ArrayDeque<>(script);
  }

  String uuid() {
    return uuid;
  }

  boolean of(String id) {
    return server.path("id").asString().equals(id);
  }

  boolean over() {
    return OVER.contains(now.status());
  }

  /** A check refused it. */
  void abandon() {
    become(new Look("error", 0));
  }

  private void become(Look next) {
    now = next;
    checked |= !Set.of("accepted", "error").contains(next.status());
    if (over()) {
      server.putNull("OS-EXT-STS:task_state");
    }
    if (now.status().equals("completed")) {
      server.put("OS-EXT-SRV-ATTR:host", "host-2");
    }
  }

  Answer look(String[] parts) throws No {
    if (parts.length == 4) {
      return new Answer(200, JsonMapper.shared().createObjectNode().set("receipt", receipt()));
    }
    if (!coming.isEmpty() && !over()) {
      Look next = coming.removeFirst();
      if (next.equals(FakeTern.AWAY)) {
        throw new No(503, "The database does not answer; try again later.");
      }
      become(next);
    }
    return new Answer(200, JsonMapper.shared().createObjectNode().set("migration", shown()));
  }

  ObjectNode shown() {
    ObjectNode report =
        JsonMapper.shared()
            .createObjectNode()
            .put("uuid", uuid)
            .put("server", server.path("id").asString())
            .put("status", now.status())
            .put("phase", "PERFORM")
            .put("source", "host-1")
            .put("destination", "host-2")
            .put("checked", checked)
            .put("total_millis", 6600)
            .put("disk_processed_bytes", (long) (now.percent() * 1048576))
            .put("disk_total_bytes", 100L << 20)
            .put("memory_processed_bytes", 1536)
            .put("memory_total_bytes", 128L << 20);
    if (now.status().equals("completed")) {
      report.put("pause_millis", 91);
    } else {
      report.putNull("pause_millis");
    }
    if (over() && !now.status().equals("completed") && !tern.failure.isEmpty()) {
      report.putObject("failure").put("code", "X").put("message", tern.failure);
    } else {
      report.putNull("failure");
    }
    report.set("policy", policy);
    report
        .putObject("progress")
        .put("percent", now.percent())
        .put("left_unknown", "nothing moves yet")
        .putNull("left_seconds");
    return report;
  }

  private ObjectNode receipt() {
    ObjectNode receipt =
        JsonMapper.shared()
            .createObjectNode()
            .put("migration", uuid)
            .put("status", now.status())
            .put("settled", over());
    receipt
        .putArray("objects")
        .addObject()
        .put("host", "host-2")
        .put("kind", "export")
        .put("name", "export-disk0")
        .put("state", over() ? "removed" : "open");
    return receipt;
  }

  Answer end(String how) throws No {
    requireUnderWay();
    switch (how) {
      case "abort" -> {
        coming.clear();
        coming.add(new Look("cancelled", now.percent()));
      }
      case "force-complete" -> {
        coming.clear();
        coming.add(new Look("completed", 100));
      }
      default -> throw new No(404, "Not Found");
    }
    return new Answer(202, JsonMapper.shared().createObjectNode().set("migration", shown()));
  }

  Answer steer(JsonNode body) throws No {
    FakeTern.refuseOthers(body, Set.of("policy"));
    FakeTern.checkPolicy(body.path("policy"));
    requireUnderWay();
    body.path("policy").properties().forEach(part -> policy.set(part.getKey(), part.getValue()));
    return new Answer(202, JsonMapper.shared().createObjectNode().set("migration", shown()));
  }

  private void requireUnderWay() throws No {
    if (over()) {
      throw new No(409, "Migration %s is %s, and cannot be changed.".formatted(uuid, now.status()));
    }
  }
}
