package dev.tern.api.servers;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.JsonBody;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ImageId;
import dev.tern.contract.agent.MoreDisks;
import dev.tern.store.FlavorStore.FlavorRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * The local disks that a create asks for in {@code block_device_mapping_v2}, or that its flavor
 * gives.
 *
 * @param bootImage of the entry to boot from; empty when there is no mapping
 * @param ephemeralGib sizes of the empty disks beside the first, in the order of their entries
 */
record BlockDevices(Optional<ImageId> bootImage, List<Integer> ephemeralGib) {
  static final String FIELD = "block_device_mapping_v2";

  BlockDevices {
    ephemeralGib = List.copyOf(ephemeralGib);
  }

  /**
   * Reads the field. As in Nova, blank entries take the place of the flavor's ephemeral disk, and
   * are no larger together.
   *
   * @throws ComputeException 400 naming the field and what to do
   */
  static BlockDevices read(JsonBody server, FlavorRecord flavor) {
    if (!server.given(FIELD)) {
      return new BlockDevices(Optional.empty(), flavor.ephemeralDisks());
    }
    JsonNode mapping = server.required(FIELD);
    if (!mapping.isArray()) {
      throw server.wrongType(FIELD, "array");
    }
    if (mapping.isEmpty()) {
      return new BlockDevices(Optional.empty(), flavor.ephemeralDisks());
    }
    if (mapping.size() > MoreDisks.MOST_LOCAL) {
      throw unacceptable(
          "You specified more local devices than the limit allows: %d, of %d."
              .formatted(mapping.size(), MoreDisks.MOST_LOCAL));
    }
    List<ImageId> boot = new ArrayList<>();
    List<Integer> blank = new ArrayList<>();
    for (int n = 0; n < mapping.size(); n++) {
      BlockDevice entry = BlockDevice.of(n, mapping.get(n));
      if (entry.boots()) {
        boot.add(entry.image());
      } else {
        blank.add(entry.blankGib(flavor));
      }
    }
    if (boot.size() != 1) {
      throw unacceptable(
          "Boot sequence for the instance and image/block device mapping combination is not valid: "
              + "%d entries have boot_index 0. Let exactly one have it, with source_type 'image', "
                  .formatted(boot.size())
              + "destination_type 'local' and the image's uuid.");
    }
    requireRoom(blank, flavor);
    return new BlockDevices(
        Optional.of(boot.getFirst()), blank.isEmpty() ? flavor.ephemeralDisks() : blank);
  }

  private static void requireRoom(List<Integer> blank, FlavorRecord flavor) {
    long asked = blank.stream().mapToLong(Integer::longValue).sum();
    if (asked > flavor.ephemeralGib()) {
      throw Refusals.invalid(
          ("Ephemeral disks requested are larger than the instance type allows. If no size is given"
                  + " in one block device mapping, flavor ephemeral size will be used."
                  + " Requested are %d GiB, flavor %s allows %d GiB.")
              .formatted(asked, flavor.name(), flavor.ephemeralGib()));
    }
  }

  private static ComputeException unacceptable(String why) {
    return Refusals.invalid("Block Device Mapping is Invalid: " + why);
  }
}
