package dev.tern.api.flavors;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.JsonBody;
import dev.tern.store.FlavorStore;
import dev.tern.store.FlavorStore.FlavorRecord;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** Who may use which flavor. */
public final class FlavorAccess {
  private FlavorAccess() {}

  /** A public one, one that the caller's project was given, and for administrators any. */
  public static boolean mayUse(FlavorStore flavors, FlavorRecord flavor, ApiRequest request) {
    return flavor.isPublic()
        || request.admin()
        || flavors.access(flavor.id()).contains(request.caller().project());
  }

  /**
   * The id that a body's {@code flavorRef} names, as such or at the end of a link.
   *
   * @throws dev.tern.contract.ComputeException 400 when it is neither text nor a number
   */
  public static String referred(JsonBody body) {
    JsonNode ref = body.required("flavorRef");
    if (!ref.isString() && !ref.isIntegralNumber()) {
      throw body.wrongType("flavorRef", "string");
    }
    String text = ref.isString() ? ref.stringValue() : ref.toString();
    return text.substring(text.lastIndexOf('/') + 1);
  }

  /**
   * The flavor that a server is to be of.
   *
   * @throws dev.tern.contract.ComputeException 400 when there is none for the caller
   */
  public static FlavorRecord usable(FlavorStore flavors, String id, ApiRequest request) {
    return Optional.of(id)
        .filter(named -> !named.isEmpty() && named.length() <= 255)
        .flatMap(flavors::find)
        .filter(flavor -> mayUse(flavors, flavor, request))
        .orElseThrow(() ->
            Refusals.invalid("Flavor %s could not be found.".formatted(Refusals.shortened(id))));
  }

  /**
   * The flavor of an id, as far as the caller may use it.
   *
   * @throws dev.tern.contract.ComputeException {@code FLAVOR_NOT_FOUND}
   */
  static FlavorRecord find(FlavorStore flavors, String id, ApiRequest request) {
    return flavors
        .find(id)
        .filter(flavor -> mayUse(flavors, flavor, request))
        .orElseThrow(() -> Refusals.noFlavor(id));
  }
}
