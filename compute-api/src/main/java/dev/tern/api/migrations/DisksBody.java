package dev.tern.api.migrations;

import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.contract.agent.AgentResult.DiskKind;
import dev.tern.contract.agent.AgentResult.Way;
import dev.tern.store.DiskPlan;
import dev.tern.store.DiskPlan.PlannedDisk;
import dev.tern.store.DiskPlan.PlannedLayer;
import dev.tern.store.DiskPlan.Supply;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code disks} and {@code plan} of a migration, as clients write and read them. */
final class DisksBody {
  private static final Map<String, Way> WAYS =
      new TreeMap<>(Map.of("full", Way.FULL, "top", Way.TOP, "chain", Way.CHAIN));

  private DisksBody() {}

  /** The way of each disk that a body names; empty when it has no such field. */
  static Optional<Map<String, Way>> ways(JsonBody body, String field) {
    if (!body.has(field)) {
      return Optional.empty();
    }
    JsonBody disks = body.object(field);
    Map<String, Way> ways = new HashMap<>();
    for (String disk : disks.node().propertyNames()) {
      JsonNode word = disks.required(disk);
      Way way = word.isString() ? WAYS.get(word.stringValue()) : null;
      if (way == null) {
        throw disks.invalid(disk, "It is not one of %s.".formatted(WAYS.keySet()));
      }
      ways.put(disk, way);
    }
    return Optional.of(ways);
  }

  /** As asked for: null is the usual way of each disk. */
  static JsonNode view(Optional<Map<String, Way>> asked) {
    if (asked.isEmpty()) {
      return JsonNodeFactory.instance.nullNode();
    }
    ObjectNode view = Json.object();
    new TreeMap<>(asked.get()).forEach((disk, way) -> view.put(disk, word(way)));
    return view;
  }

  private static String word(Way way) {
    return switch (way) {
      case FULL -> "full";
      case TOP -> "top";
      case CHAIN -> "chain";
      case SKIP -> "skip";
    };
  }

  /** What becomes of each disk. */
  static ObjectNode view(DiskPlan plan) {
    ObjectNode view = Json.object().put("bytes_to_send", plan.bytesToSend());
    ArrayNode disks = view.putArray("disks");
    plan.disks().forEach(disk -> disks.add(view(disk)));
    return view;
  }

  private static ObjectNode view(PlannedDisk disk) {
    ObjectNode view =
        Json.object()
            .put("name", disk.id())
            .put("type", type(disk.kind()))
            .put("copy", disk.copy())
            .put("format", disk.format())
            .put("encrypted", disk.encrypted())
            .put("virtual_size_bytes", disk.virtualBytes())
            .put("allocated_bytes", disk.allocatedBytes())
            .put(
                "backing_file",
                disk.layers().isEmpty() ? null : "_base/" + disk.layers().getFirst().sha256())
            .put("bytes_to_send", disk.bytesToSend())
            .put("destination_file", disk.file().orElse(null));
    ArrayNode layers = view.putArray("layers");
    disk.layers().forEach(layer -> layers.add(view(layer)));
    return view;
  }

  private static ObjectNode view(PlannedLayer layer) {
    return Json.object()
        .put("sha256", layer.sha256())
        .put("format", layer.format())
        .put("allocated_bytes", layer.allocatedBytes())
        .put("from", from(layer.supply()));
  }

  private static String type(DiskKind kind) {
    return switch (kind) {
      case LOCAL -> "local";
      case READ_ONLY -> "read-only";
      case NETWORK -> "network";
    };
  }

  private static String from(Supply supply) {
    return switch (supply) {
      case DESTINATION -> "destination";
      case IMAGE_SERVICE -> "image service";
      case SOURCE -> "source";
      case NOT_NEEDED -> "not needed";
    };
  }
}
