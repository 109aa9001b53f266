package dev.tern.api.servers;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.JsonBody;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ImageId;
import dev.tern.store.FlavorStore.FlavorRecord;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * One entry of {@code block_device_mapping_v2}. What is refused is named with its entry's number,
 * and with what to do instead.
 *
 * @param number from 0
 */
record BlockDevice(int number, ObjectNode node) {
  private static final Set<String> KNOWN =
      Set.of(
          "source_type",
          "destination_type",
          "uuid",
          "boot_index",
          "volume_size",
          "delete_on_termination",
          "guest_format",
          "device_type",
          "disk_bus",
          "device_name",
          "image_id",
          "volume_id",
          "snapshot_id",
          "volume_type",
          "virtual_name",
          "connection_info",
          "no_device",
          "tag");

  private static final String VOLUMES =
      "A server is not made with volumes here: make it without, and attach them afterwards by"
          + " POST /v1/servers/{id}/volumes.";

  /** What these may be, of all that Nova knows; a disk here is always that. */
  private static final Map<String, String> ONLY =
      Map.of("device_type", "disk", "disk_bus", "virtio");

  /** What no local disk has here, with what to do. */
  private static final Map<String, String> NEVER =
      Map.of(
          "guest_format",
              "Disks are not formatted here: leave it out, and let the guest format its disk.",
          "device_name", "The guest names its disks itself: leave it out.",
          "image_id", "Name the image in uuid.",
          "volume_id", VOLUMES,
          "snapshot_id", VOLUMES,
          "volume_type", VOLUMES,
          "virtual_name", "It belongs to block_device_mapping: leave it out.",
          "connection_info", "It belongs to volumes: leave it out.",
          "no_device", "Images here map no devices that could be left out: leave it out.",
          "tag", "Disks have no tags here: leave it out.");

  /**
   * An entry that asks for what there is: the first disk from an image, or an empty one.
   *
   * @throws ComputeException 400 naming the field
   */
  static BlockDevice of(int number, JsonNode value) {
    if (!(value instanceof ObjectNode node)) {
      throw Refusals.invalidField(
          "%s[%d]".formatted(BlockDevices.FIELD, number), value, "It is not of type 'object'");
    }
    BlockDevice entry = new BlockDevice(number, node);
    node.propertyNames().stream()
        .filter(field -> !KNOWN.contains(field))
        .forEach(field -> {
          throw entry.invalid(field, "Additional properties are not allowed: leave it out.");
        });
    entry.checkKind();
    new TreeMap<>(NEVER)
        .forEach((field, remedy) -> {
          if (entry.given(field)) {
            throw entry.invalid(field, remedy);
          }
        });
    ONLY.forEach((field, only) -> entry.requireOnly(field, only));
    entry.requireDeletion();
    return entry;
  }

  /** Whether it is what the server boots from; otherwise it is an empty disk. */
  boolean boots() {
    return text("source_type").equals("image");
  }

  private void checkKind() {
    String source = oneOf("source_type", List.of("image", "blank", "volume", "snapshot"));
    if (source.equals("volume") || source.equals("snapshot")) {
      throw invalid("source_type", VOLUMES);
    }
    if (oneOf("destination_type", List.of("local", "volume")).equals("volume")) {
      throw invalid(
          "destination_type", "Only 'local' is offered with an image or blank. " + VOLUMES);
    }
  }

  private void requireOnly(String field, String only) {
    if (given(field) && !text(field).equals(only)) {
      throw invalid(field, "Only '%s' is offered: leave it out.".formatted(only));
    }
  }

  private void requireDeletion() {
    if (node.has("delete_on_termination") && !body().flag("delete_on_termination")) {
      throw invalid(
          "delete_on_termination",
          "A local disk goes with its server: say true. To keep its content, make an image of it, or use a volume.");
    }
  }

  /**
   * The image of the entry to boot from.
   *
   * @throws ComputeException 400 naming the field
   */
  ImageId image() {
    if (bootIndex() != 0) {
      throw invalid(
          "boot_index", "An image is only for the disk to boot from, whose boot_index is 0.");
    }
    if (given("volume_size")) {
      throw invalid("volume_size", "The first disk has the flavor's size: leave it out.");
    }
    if (!given("uuid")) {
      throw invalid("uuid", "Missing device UUID: name the image.");
    }
    try {
      return ImageId.parse(text("uuid"));
    } catch (IllegalArgumentException _) {
      throw invalid("uuid", "It is not the UUID of an image.");
    }
  }

  /**
   * The size of an empty disk, the flavor's when the entry has none.
   *
   * @throws ComputeException 400 naming the field
   */
  int blankGib(FlavorRecord flavor) {
    if (given("uuid")) {
      throw invalid("uuid", "Invalid device UUID: an empty disk has none, leave it out.");
    }
    if (bootIndex() >= 0) {
      throw invalid("boot_index", "There is nothing to boot from on an empty disk: say -1.");
    }
    if (given("volume_size")) {
      return volumeSize();
    }
    if (flavor.ephemeralGib() == 0) {
      throw invalid(
          "volume_size",
          "Flavor %s allows no ephemeral disks (OS-FLV-EXT-DATA:ephemeral is 0): choose another, or leave the entry out."
              .formatted(flavor.name()));
    }
    return flavor.ephemeralGib();
  }

  private int volumeSize() {
    long gib = number("volume_size", "[0-9]{1,10}");
    if (gib < 1 || gib > Integer.MAX_VALUE) {
      throw invalid("volume_size", "It is not between 1 and %d GiB.".formatted(Integer.MAX_VALUE));
    }
    return (int) gib;
  }

  /** Absent and null are what negative numbers are: not to boot from. */
  private long bootIndex() {
    return given("boot_index") ? number("boot_index", "-?[0-9]{1,10}") : -1;
  }

  private long number(String field, String form) {
    JsonNode value = node.get(field);
    String text = value.isString() ? value.stringValue() : value.toString();
    if (!(value.isIntegralNumber() || value.isString()) || !text.matches(form)) {
      throw invalid(field, "It is not of type 'integer'");
    }
    return Long.parseLong(text);
  }

  private String oneOf(String field, List<String> words) {
    if (!given(field)) {
      throw invalid(field, "'%s' is a required property, one of %s".formatted(field, words));
    }
    if (!words.contains(text(field))) {
      throw invalid(field, "It is not one of %s".formatted(words));
    }
    return text(field);
  }

  private boolean given(String field) {
    return node.hasNonNull(field);
  }

  private String text(String field) {
    @Nullable JsonNode value = node.get(field);
    if (value == null || !value.isString()) {
      throw invalid(field, "It is not of type 'string'");
    }
    return value.stringValue();
  }

  private JsonBody body() {
    return new JsonBody("%s[%d]".formatted(BlockDevices.FIELD, number), node);
  }

  private ComputeException invalid(String field, String reason) {
    return Refusals.invalidField(
        "%s[%d].%s".formatted(BlockDevices.FIELD, number, Refusals.shortened(field)),
        node.get(field),
        reason);
  }
}
