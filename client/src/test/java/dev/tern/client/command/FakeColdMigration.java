package dev.tern.client.command;

import dev.tern.client.command.FakeTern.Answer;
import dev.tern.client.command.FakeTern.No;
import java.util.ArrayList;
import java.util.Map;
import java.util.UUID;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A cold migration as docs/api.md has it: one that waits, or has come. */
final class FakeColdMigration {
  final String uuid = UUID.randomUUID().toString();
  private final String server;
  private final boolean came;

  FakeColdMigration(String server, boolean came) {
    this.server = server;
    this.came = came;
  }

  /** A page of {@code /v1/cold-migrations}. */
  static Answer list(FakeTern tern, Map<String, String> query) throws No {
    if (!tern.admin) {
      throw new No(403, "Policy doesn't allow tern:cold-migrations:index to be performed.");
    }
    if (query.containsKey("in_progress")) {
      throw new No(400, "Additional properties are not allowed ('in_progress' was unexpected)");
    }
    String server = query.getOrDefault("server", "");
    ObjectNode body = JsonMapper.shared().createObjectNode();
    ArrayNode all = body.putArray("cold_migrations");
    new ArrayList<>(tern.colds.values())
        .reversed().stream()
            .filter(one -> server.isEmpty() || one.server.equals(server))
            .limit(Long.parseLong(query.getOrDefault("limit", "1000")))
            .forEach(one -> all.add(one.shown()));
    return new Answer(200, body);
  }

  ObjectNode shown() {
    ObjectNode one =
        JsonMapper.shared()
            .createObjectNode()
            .put("uuid", uuid)
            .put("server", server)
            .put("kind", "migration")
            .put("status", came ? "finished" : "pre-migrating")
            .put("source", "host-1")
            .put("destination", "host-2")
            .put("created_at", "2026-11-23T01:02:03.000000")
            .putNull("failure");
    if (came) {
      one.putNull("waiting");
    } else {
      one.putObject("waiting")
          .put("reason", "As many migrations leave host-1 as may at once (1).")
          .put("ahead", 0);
    }
    return one;
  }

  ObjectNode receipt() {
    ObjectNode one =
        JsonMapper.shared()
            .createObjectNode()
            .put("migration", uuid)
            .put("kind", "migration")
            .put("status", came ? "finished" : "pre-migrating")
            .put("settled", false)
            .putNull("rebuilt")
            .putNull("failure");
    one.putArray("objects")
        .addObject()
        .put("host", "host-1")
        .put("kind", "claim")
        .put("name", "of the old host")
        .put("state", came ? "open" : "kept");
    ObjectNode moved =
        one.putObject("moved")
            .put("server", server)
            .put("from", "host-1")
            .put("to", "host-2")
            .put("bytes", 3 << 20)
            .put("seconds", 2.5)
            .put("down_millis", 900)
            .put("ran", true)
            .put("tries", 2);
    moved
        .putObject("verified")
        .put("how", "compared")
        .putArray("disks")
        .addObject()
        .put("disk", "disk0")
        .put("sha256", "ab12");
    return one;
  }
}
