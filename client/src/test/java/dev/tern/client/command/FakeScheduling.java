package dev.tern.client.command;

import dev.tern.client.command.FakeTern.Answer;
import dev.tern.client.command.FakeTern.No;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Decisions and what they would be, as docs/api.md has them. */
final class FakeScheduling {
  private static final JsonMapper JSON = JsonMapper.shared();

  private FakeScheduling() {}

  /** A server or a request that went to host-2, and not to host-3. */
  static Answer decided(String of) throws No {
    if (of.equals("req-none")) {
      throw new No(404, "No decision of request req-none is kept.");
    }
    ObjectNode body = JSON.createObjectNode();
    ArrayNode all = body.putArray("decisions");
    for (String at : List.of("2026-08-02", "2026-08-01")) {
      all.add(decision(of).put("decided_at", at).put("request_id", "req-1"));
    }
    return new Answer(200, body);
  }

  private static ObjectNode decision(String of) {
    ObjectNode one = JSON.createObjectNode().put("server", of).put("host", "host-2");
    one.putNull("failure").put("looked", 2).put("passed", 1);
    one.putArray("refused_by").addObject().put("filter", "RamFilter").put("hosts", 1);
    ArrayNode hosts = one.putArray("hosts");
    ObjectNode passed = hosts.addObject().put("host", "host-2").put("passed", true);
    passed
        .put("weight", 1.5)
        .putArray("scores")
        .addObject()
        .put("weigher", "RAM")
        .put("points", 1.5);
    ObjectNode refused = hosts.addObject().put("host", "host-3").put("passed", false);
    refused
        .putArray("refusals")
        .addObject()
        .put("filter", "RamFilter")
        .put("message", "512 MiB are needed, 128 are free.");
    one.putArray("would_fit")
        .addObject()
        .put("host", "host-3")
        .put("text", "host-3 fits if 384 MiB are freed");
    return one;
  }

  private static void cold(ObjectNode cold) {
    cold.put("possible", true).put("destination", "host-2").put("says", "It moves cold.");
    cold.putArray("blockers");
    cold.putObject("plan").put("disk_bytes", 3 << 20).put("layer_bytes", 0);
    cold.putObject("forecast")
        .put("down_millis", 7900)
        .putObject("seconds")
        .put("low", 5)
        .put("expected", 8)
        .put("high", 20);
  }

  /** Servers of host-1 can be moved unless they are in error. */
  static Answer preflight(FakeTern tern, JsonNode body) throws No {
    List<String> ids = new ArrayList<>();
    body.path("servers").forEach(id -> ids.add(id.asString()));
    if (body.has("host")) {
      ids.addAll(tern.servers.keySet());
    }
    ObjectNode answer = JSON.createObjectNode();
    ObjectNode view = answer.putObject("preflight");
    ArrayNode all = view.putArray("servers");
    boolean possible = true;
    for (String id : ids) {
      boolean fine = !tern.find(id).path("status").asString().equals("ERROR");
      boolean stopped = tern.find(id).path("status").asString().equals("SHUTOFF");
      boolean orCold = body.path("on_cannot_move").asString("").equals("cold");
      possible &= (fine && !stopped) || (stopped && orCold);
      ObjectNode one = all.addObject().put("server", id).put("possible", stopped ? orCold : fine);
      one.put("name", tern.find(id).path("name").asString(""));
      one.put("source", "host-1").put("destination", fine ? "host-2" : null);
      ArrayNode blockers = one.putArray("blockers");
      if (!fine) {
        blockers.addObject().put("message", "The server is in error.");
      }
      if (stopped) {
        blockers.addObject().put("message", "It is stopped.");
        cold(one.putObject("cold"));
      }
      one.putObject("plan").put("disk_bytes", 1 << 20).put("layer_bytes", 0).put("memory_bytes", 0);
      ObjectNode forecast =
          one.putObject("forecast")
              .put("reason", "")
              .put("basis", "two like it")
              .put("converges", true);
      forecast
          .putObject("writes")
          .put("memory_bytes_per_second", 3 << 20)
          .put("disk_bytes_per_second", 1 << 20)
          .put("reason", "");
      forecast.putObject("seconds").put("low", 1).put("expected", 2).put("high", 5);
      one.putObject("return").put("possible", false).putArray("reasons").add("host-1 is older.");
      one.set("candidates", decision(id));
    }
    view.put("possible", possible);
    return new Answer(200, answer);
  }
}
