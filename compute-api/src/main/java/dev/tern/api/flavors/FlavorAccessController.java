package dev.tern.api.flavors;

import dev.tern.api.errors.HttpFailure;
import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.version.Change;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.store.FlavorStore;
import dev.tern.store.FlavorStore.FlavorRecord;
import java.util.Set;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;

/** {@code /flavors/{id}/os-flavor-access}: which projects may use a flavor that is not public. */
@RestController
final class FlavorAccessController {
  private final FlavorStore flavors;

  FlavorAccessController(FlavorStore flavors) {
    this.flavors = flavors;
  }

  @GetMapping("/v2.1/flavors/{id}/os-flavor-access")
  ResponseEntity<JsonNode> list(@PathVariable String id, ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-flavor-access");
    if (find(id).isPublic()) {
      throw new HttpFailure(404, "Access list not available for public flavors.");
    }
    return listed(id);
  }

  @PostMapping("/v2.1/flavors/{id}/action")
  ResponseEntity<JsonNode> act(@PathVariable String id, JsonBody body, ApiRequest request) {
    String action = body.onlyKey();
    return switch (action) {
      case "addTenantAccess" -> {
        request.caller().require(Role.ADMIN, "os-flavor-access:add_tenant_access");
        String project = project(body.object(action));
        yield request.once(() -> add(id, project, request));
      }
      case "removeTenantAccess" -> {
        request.caller().require(Role.ADMIN, "os-flavor-access:remove_tenant_access");
        String project = project(body.object(action));
        yield request.once(() -> remove(id, project));
      }
      default ->
          throw Refusals.invalid(
              "There is no such action: %s".formatted(Refusals.shortened(action)));
    };
  }

  private ResponseEntity<JsonNode> add(String id, String project, ApiRequest request) {
    if (find(id).isPublic() && request.has(Change.FLAVOR_ACCESS_CHECKED)) {
      throw new ComputeException(
          ErrorCode.FLAVOR_ACCESS_CONFLICT, "Can not add access to a public flavor.", null);
    }
    if (!flavors.grant(id, project)) {
      throw new ComputeException(
          ErrorCode.FLAVOR_ACCESS_CONFLICT,
          "Flavor access already exists for flavor %s and project %s combination."
              .formatted(id, project),
          null);
    }
    return listed(id);
  }

  private ResponseEntity<JsonNode> remove(String id, String project) {
    FlavorRecord flavor = find(id);
    if (!flavors.revoke(flavor.id(), project)) {
      throw new ComputeException(
          ErrorCode.FLAVOR_ACCESS_NOT_FOUND,
          "Flavor access not found for %s / %s combination.".formatted(id, project),
          null);
    }
    return listed(id);
  }

  private static String project(JsonBody wanted) {
    wanted.refuseOthers(Set.of("tenant"));
    return wanted.text("tenant", 1, 255);
  }

  private FlavorRecord find(String id) {
    return flavors.find(id).orElseThrow(() -> Refusals.noFlavor(id));
  }

  private ResponseEntity<JsonNode> listed(String id) {
    ArrayNode items = Json.array();
    flavors
        .access(id)
        .forEach(project -> items.addObject().put("flavor_id", id).put("tenant_id", project));
    return Json.ok("flavor_access", items);
  }
}
