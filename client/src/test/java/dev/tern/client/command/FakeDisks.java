package dev.tern.client.command;

import dev.tern.client.command.FakeTern.Answer;
import dev.tern.client.command.FakeTern.No;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** One disk for each server, and its copies, which go on by half with each look. */
final class FakeDisks {
  static final String DIGEST = "a".repeat(64);
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final long BYTES = 1L << 30;
  private static final Set<String> FIELDS =
      Set.of(
          "target",
          "storage",
          "name",
          "format",
          "mode",
          "then",
          "overwrite",
          "reuse",
          "delete_old",
          "resumable",
          "bandwidth");

  private final List<ObjectNode> copies = new ArrayList<>();
  private int digests;

  Answer answer(String method, ObjectNode server, String[] parts, JsonNode body) throws No {
    if (parts.length == 4) {
      return new Answer(200, disks());
    }
    if (!parts[4].equals("disk0")) {
      throw new No(
          404,
          "Instance %s has no disk '%s'; it has: [disk0]."
              .formatted(server.path("id").asString(), parts[4]));
    }
    return switch (method + " " + parts[5] + " " + parts.length) {
      case "GET chain 6" -> new Answer(200, chain());
      case "GET digest 6" -> digest(server);
      case "GET copy 6" -> new Answer(200, all(server));
      case "POST copy 6" -> start(server, body);
      case "GET copy 7" -> look(copy(parts[6]), server);
      case "PATCH copy 7" -> limit(copy(parts[6]), body);
      case "POST copy 8" -> end(copy(parts[6]), parts[7]);
      default -> throw new No(404, "Not Found");
    };
  }

  private static ObjectNode disks() {
    ObjectNode answer = JSON.createObjectNode();
    answer
        .putArray("disks")
        .addObject()
        .put("id", "disk0")
        .put("file", "/data/instances/x/disk0.qcow2")
        .put("format", "qcow2")
        .put("virtual_bytes", BYTES)
        .put("allocated_bytes", 7L << 20);
    return answer;
  }

  private static ObjectNode chain() {
    ObjectNode answer = JSON.createObjectNode();
    ArrayNode layers = answer.putObject("chain").put("disk", "disk0").putArray("layers");
    layers.addObject().put("format", "qcow2").putNull("sha256").put("virtual_bytes", BYTES);
    layers.addObject().put("format", "qcow2").put("sha256", DIGEST).put("virtual_bytes", BYTES);
    return answer;
  }

  /** Read in two answers. */
  private Answer digest(ObjectNode server) throws No {
    if (server.path("status").asString().equals("ACTIVE")) {
      throw new No(409, "The guest may write to disk0: stop it, or look at a finished copy.");
    }
    ObjectNode answer = JSON.createObjectNode();
    ObjectNode digest = answer.putObject("digest").put("disk", "disk0").put("algorithm", "sha256");
    if (digests++ % 2 == 0) {
      digest.putNull("digest");
      return new Answer(202, answer);
    }
    digest.put("digest", DIGEST).put("bytes", BYTES);
    return new Answer(200, answer);
  }

  private ObjectNode all(ObjectNode server) {
    ObjectNode answer = JSON.createObjectNode();
    ArrayNode list = answer.putArray("copies");
    copies.reversed().stream()
        .filter(copy -> copy.path("server").equals(server.path("id")))
        .forEach(list::add);
    return answer;
  }

  private Answer start(ObjectNode server, JsonNode body) throws No {
    FakeTern.refuseOthers(body, FIELDS);
    if (server.path("OS-EXT-STS:task_state").isString()) {
      throw new No(409, "Cannot 'copyDisk' instance while it is in task_state copying-disk");
    }
    String storage = body.path("storage").asString("");
    if (!storage.isEmpty() && !storage.equals("fast")) {
      throw new No(400, "There is no storage '%s'; there are: [fast].".formatted(storage));
    }
    String then = body.path("then").asString("pivot");
    if (body.path("resumable").asBoolean(false) && !then.equals("finish")) {
      throw new No(400, "A resumable copy ends by finish.");
    }
    if (!Set.of("pivot", "finish", "wait").contains(then)) {
      throw new No(400, "Invalid input for field/attribute then.");
    }
    server.put("OS-EXT-STS:task_state", "copying-disk");
    ObjectNode copy =
        JSON.createObjectNode()
            .put("id", UUID.randomUUID().toString())
            .put("server", server.path("id").asString())
            .put("disk", "disk0")
            .put("status", "accepted")
            .put("mode", body.path("mode").asString("full"))
            .put("total_bytes", BYTES)
            .put("copied_bytes", 0L)
            .put("ready", false);
    copy.put("then", then.equals("wait") ? null : then);
    copy.set("bandwidth", body.path("bandwidth"));
    copies.add(copy);
    return new Answer(202, JSON.createObjectNode().set("copy", copy));
  }

  private ObjectNode copy(String id) throws No {
    return copies.stream()
        .filter(copy -> copy.path("id").asString().equals(id))
        .findFirst()
        .orElseThrow(() -> new No(404, "Disk copy %s could not be found.".formatted(id)));
  }

  private static Answer look(ObjectNode copy, ObjectNode server) {
    @Nullable String then = copy.path("then").asString(null);
    switch (copy.path("status").asString()) {
      case "accepted" -> copy.put("status", "copying").put("copied_bytes", BYTES / 2);
      case "copying" -> copy.put("status", "ready").put("copied_bytes", BYTES).put("ready", true);
      case "ready", "ending" -> {
        if (then != null) {
          copy.put("status", then.equals("pivot") ? "pivoted" : then + "ed");
          server.putNull("OS-EXT-STS:task_state");
        }
      }
      default -> {
        // Over.
      }
    }
    return new Answer(200, JSON.createObjectNode().set("copy", copy));
  }

  private static Answer limit(ObjectNode copy, JsonNode body) throws No {
    requireUnderWay(copy);
    if (!body.has("bandwidth")) {
      throw new No(400, "Invalid input for field/attribute bandwidth.");
    }
    copy.set("bandwidth", body.path("bandwidth"));
    return new Answer(200, JSON.createObjectNode().set("copy", copy));
  }

  private static Answer end(ObjectNode copy, String how) throws No {
    requireUnderWay(copy);
    if (how.equals("pivot") && !copy.path("ready").asBoolean()) {
      throw new No(409, "Disk copy is not ready yet.");
    }
    copy.put("then", how.equals("cancel") ? "cancell" : how);
    copy.put("status", "ending");
    return new Answer(202, JSON.createObjectNode().set("copy", copy));
  }

  private static void requireUnderWay(ObjectNode copy) throws No {
    if (Set.of("pivoted", "finished", "cancelled", "failed")
        .contains(copy.path("status").asString())) {
      throw new No(409, "Disk copy is %s.".formatted(copy.path("status").asString()));
    }
  }

  /** host-1 is as the database says; host-2 does not answer. */
  Answer audit(Map<String, String> query) throws No {
    String marker = query.getOrDefault("marker", query.getOrDefault("host", ""));
    ObjectNode answer = JSON.createObjectNode();
    ObjectNode audit = answer.putObject("audit");
    String host = query.containsKey("marker") ? "host-2" : marker.isEmpty() ? "host-1" : marker;
    audit.put("complete", host.equals("host-1"));
    ObjectNode one = audit.putArray("hosts").addObject().put("host", host).put("left_off", 0);
    ArrayNode differences = audit.putArray("differences");
    switch (host) {
      case "host-1" -> one.put("state", "compared");
      case "host-2" -> {
        one.put("state", "unknown").put("reason", "no answer within 10 s");
        differences
            .addObject()
            .put("kind", "host_unknown")
            .put("host", host)
            .put("database", "up")
            .put("seen", "nothing")
            .put("remedy", "Start its agent, or look at its log; then ask again.");
      }
      default -> throw new No(404, "Compute host %s could not be found.".formatted(host));
    }
    if (query.isEmpty() || (!query.containsKey("marker") && !query.containsKey("host"))) {
      answer.putArray("audit_links").addObject().put("rel", "next");
    }
    return new Answer(200, answer);
  }
}
