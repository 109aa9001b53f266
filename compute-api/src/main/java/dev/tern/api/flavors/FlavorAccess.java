package dev.tern.api.flavors;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.store.FlavorStore;
import dev.tern.store.FlavorStore.FlavorRecord;

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
