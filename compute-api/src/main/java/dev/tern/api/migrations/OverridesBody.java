package dev.tern.api.migrations;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.contract.ComputeException;
import dev.tern.contract.move.DiskPlace;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code overrides} of a migration: what of the guest's definition is another on the destination.
 * Only what is a host's own can be; each part that the guest sees is refused by its name.
 */
final class OverridesBody {
  private static final String DISKS = "disks";
  private static final String STORAGE = "storage";
  private static final String NAME = "name";
  private static final String POSSIBLE =
      "What can be overridden is disks.DISK.storage and disks.DISK.name.";

  private static final String SEEN =
      "The guest sees it, and sees no change while it runs. Leave it out, or change it while the server is stopped.";

  /** What a definition has besides its disks, by name, and why it stays as it is. */
  private static final Map<String, String> FIXED =
      Map.ofEntries(
          Map.entry("name", "It is the server's, not the host's. Rename the server instead."),
          Map.entry("uuid", SEEN),
          Map.entry("serial", SEEN),
          Map.entry("machine_type", SEEN),
          Map.entry("firmware", SEEN),
          Map.entry("accelerator", SEEN),
          Map.entry("cpu_model", SEEN),
          Map.entry("vcpus", SEEN),
          Map.entry("memory_mib", SEEN),
          Map.entry("kernel", SEEN),
          Map.entry("mac_address", SEEN),
          Map.entry("hot_plug_ports", SEEN),
          Map.entry(
              "nics", "The guest sees the card and its MAC; behind it is the same on every host."),
          Map.entry(
              "console",
              "It is a file in the server's directory on every host; nothing listens for it."),
          Map.entry(
              "volumes",
              "One address is used on every host: under another could be other data. Detach the volume and attach the other instead."));

  /** The same, of a disk. */
  private static final Map<String, String> FIXED_OF_DISK =
      Map.of(
          "id", SEEN,
          "serial", SEEN,
          "address", SEEN,
          "virtual_size_bytes", SEEN,
          "read_only", SEEN,
          "format", "A disk keeps its format on the way. Copy it to another one and pivot instead.",
          "encrypted", "A disk stays as it is. Copy it and pivot instead.",
          "layers", "Its content moves as it is; 'disks' of the migration says which of it.",
          "cache", "It is one on every host, so that what the guest has flushed is on the disk.");

  private OverridesBody() {}

  /**
   * The place of each disk that a body names; empty when it has no such field.
   *
   * @throws ComputeException {@code INVALID_INPUT} naming the part that cannot be overridden, or is
   *     unknown, or has a value that no host could have
   */
  static Map<String, DiskPlace> places(JsonBody body, String field) {
    if (!body.has(field)) {
      return Map.of();
    }
    JsonBody overrides = body.object(field);
    refuseOthers(overrides, Set.of(DISKS), FIXED, "");
    Map<String, DiskPlace> places = new HashMap<>();
    if (overrides.has(DISKS)) {
      JsonBody disks = overrides.object(DISKS);
      for (String disk : disks.node().propertyNames()) {
        places.put(disk, place(disks.object(disk), "disks.%s.".formatted(disk)));
      }
    }
    return places;
  }

  private static DiskPlace place(JsonBody disk, String path) {
    refuseOthers(disk, Set.of(STORAGE, NAME), FIXED_OF_DISK, path);
    if (disk.node().isEmpty()) {
      throw Refusals.invalidField(path + NAME, null, "Nothing is overridden. " + POSSIBLE);
    }
    return new DiskPlace(
        word(
            disk,
            STORAGE,
            path,
            DiskPlace::isStorage,
            "It is no name of a storage, 1 to 16 lower-case letters and digits. Give the destination's agent the directory as tern.agent.storages.NAME, and name that."),
        word(
            disk,
            NAME,
            path,
            DiskPlace::isName,
            "A file's name has 1 to 32 lower-case letters and digits, and no ending; its directory is that of a storage."));
  }

  /** Null is as usual. */
  private static Optional<String> word(
      JsonBody disk, String field, String path, Predicate<String> fits, String otherwise) {
    if (!disk.given(field)) {
      return Optional.empty();
    }
    JsonNode value = disk.required(field);
    if (!value.isString() || !fits.test(value.stringValue())) {
      throw Refusals.invalidField(path + field, value, otherwise);
    }
    return Optional.of(value.stringValue());
  }

  private static void refuseOthers(
      JsonBody body, Set<String> possible, Map<String, String> fixed, String path) {
    for (String part : body.node().propertyNames()) {
      if (!possible.contains(part)) {
        String why = fixed.get(part);
        throw Refusals.invalidField(
            Refusals.shortened(path + part),
            body.get(part),
            why == null ? "There is no such part. " + POSSIBLE : "It cannot be overridden. " + why);
      }
    }
  }

  /** As asked for: null when nothing is overridden. */
  static JsonNode view(Map<String, DiskPlace> places) {
    if (places.isEmpty()) {
      return JsonNodeFactory.instance.nullNode();
    }
    ObjectNode view = Json.object();
    ObjectNode disks = view.putObject(DISKS);
    new TreeMap<>(places)
        .forEach((disk, place) ->
            disks
                .putObject(disk)
                .put(STORAGE, place.storage().orElse(null))
                .put(NAME, place.name().orElse(null)));
    return view;
  }
}
