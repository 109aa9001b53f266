package dev.tern.api.flavors;

import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.JsonBody;
import dev.tern.api.version.Change;
import dev.tern.store.FlavorStore.FlavorRecord;
import java.math.BigDecimal;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/** Reads the body of a flavor to be made, whole, before anything is made. */
final class NewFlavor {
  private static final Pattern ID =
      Pattern.compile("[a-zA-Z0-9._-]([a-zA-Z0-9. _-]*[a-zA-Z0-9._-])?");
  private static final int MOST = 999_999_999;
  private static final String EPHEMERAL = "OS-FLV-EXT-DATA:ephemeral";
  private static final String PUBLIC = "os-flavor-access:is_public";
  private static final Set<String> KNOWN =
      Set.of("name", "id", "ram", "vcpus", "disk", EPHEMERAL, "swap", "rxtx_factor", PUBLIC);

  private NewFlavor() {}

  /**
   * @param newIds for one that brings no id along
   * @throws dev.tern.contract.ComputeException 400 naming the field
   */
  static FlavorRecord read(JsonBody body, ApiRequest request, Supplier<UUID> newIds) {
    body.refuseOthers(Set.of("flavor"));
    JsonBody flavor = body.object("flavor");
    boolean described = request.has(Change.FLAVOR_DESCRIPTION);
    Set<String> known = new HashSet<>(KNOWN);
    if (described) {
      known.add("description");
    }
    flavor.refuseOthers(known);
    refuseNotOffered(flavor);
    return new FlavorRecord(
        flavor.given("id") ? id(flavor) : newIds.get().toString(),
        name(flavor),
        flavor.integer("vcpus", 1, MOST),
        flavor.integer("ram", 1, MOST),
        flavor.integer("disk", 0, MOST),
        flavor.has(EPHEMERAL) ? flavor.integer(EPHEMERAL, 0, MOST) : 0,
        0,
        flavor.flagOr(PUBLIC, true),
        Map.of(),
        described ? flavor.optionalText("description", 0, 65_535) : Optional.empty());
  }

  private static String name(JsonBody flavor) {
    String name = flavor.text("name", 1, 255);
    if (!name.equals(name.strip()) || name.codePoints().anyMatch(Character::isISOControl)) {
      throw flavor.invalid(
          "name", "It can not start or end with whitespace or contain control characters.");
    }
    return name;
  }

  private static String id(JsonBody flavor) {
    JsonNode given = flavor.required("id");
    String id = given.isIntegralNumber() ? given.toString() : flavor.text("id", 1, 255);
    if (!ID.matcher(id).matches()) {
      throw flavor.invalid("id", "It may have letters, digits, '.', '_', '-', and spaces within.");
    }
    return id;
  }

  /** Guests get no swap disk here, and their traffic is not shaped. */
  private static void refuseNotOffered(JsonBody flavor) {
    if (flavor.has("swap") && flavor.integer("swap", 0, MOST) != 0) {
      throw flavor.invalid("swap", "Swap disks are not offered by this cloud: say 0.");
    }
    if (flavor.has("rxtx_factor") && !isOne(flavor.required("rxtx_factor"))) {
      throw flavor.invalid("rxtx_factor", "Traffic is not shaped by this cloud: say 1.0.");
    }
  }

  private static boolean isOne(JsonNode factor) {
    String text = factor.isString() ? factor.stringValue() : factor.toString();
    return text.matches("[0-9]{1,9}(\\.[0-9]{1,9})?")
        && new BigDecimal(text).compareTo(BigDecimal.ONE) == 0;
  }
}
