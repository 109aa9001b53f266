package dev.tern.api.flavors;

import dev.tern.api.errors.HttpFailure;
import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.version.Change;
import dev.tern.store.FlavorStore;
import dev.tern.store.FlavorStore.FlavorRecord;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /flavors/{id}/os-extra_specs}. Servers keep those that they were made of. */
@RestController
final class ExtraSpecsController {
  private final FlavorStore flavors;

  ExtraSpecsController(FlavorStore flavors) {
    this.flavors = flavors;
  }

  @GetMapping("/v2.1/flavors/{id}/os-extra_specs")
  ResponseEntity<JsonNode> list(@PathVariable String id, ApiRequest request) {
    request.caller().require(Role.READER, "os-flavor-extra-specs:index");
    return listed(FlavorAccess.find(flavors, id, request).extraSpecs());
  }

  @GetMapping("/v2.1/flavors/{id}/os-extra_specs/{key}")
  ResponseEntity<JsonNode> show(
      @PathVariable String id, @PathVariable String key, ApiRequest request) {
    request.caller().require(Role.READER, "os-flavor-extra-specs:show");
    String value = FlavorAccess.find(flavors, id, request).extraSpecs().get(key);
    if (value == null) {
      throw noSpec(id, key);
    }
    return Json.ok(Json.object().put(key, value));
  }

  @PostMapping("/v2.1/flavors/{id}/os-extra_specs")
  ResponseEntity<JsonNode> add(@PathVariable String id, JsonBody body, ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-flavor-extra-specs:create");
    body.refuseOthers(Set.of("extra_specs"));
    Map<String, String> specs = read(body.object("extra_specs"), request);
    return request.once(() -> {
      FlavorRecord _ = put(id, specs);
      return listed(specs);
    });
  }

  @PutMapping("/v2.1/flavors/{id}/os-extra_specs/{key}")
  ResponseEntity<JsonNode> update(
      @PathVariable String id, @PathVariable String key, JsonBody body, ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-flavor-extra-specs:update");
    if (!body.onlyKey().equals(key)) {
      throw Refusals.invalid("Request body and URI mismatch");
    }
    Map<String, String> specs = read(body, request);
    FlavorRecord _ = put(id, specs);
    ObjectNode view = Json.object();
    specs.forEach(view::put);
    return Json.ok(view);
  }

  /** 200 without a body, as Nova has it. */
  @DeleteMapping("/v2.1/flavors/{id}/os-extra_specs/{key}")
  ResponseEntity<JsonNode> delete(
      @PathVariable String id, @PathVariable String key, ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-flavor-extra-specs:delete");
    FlavorRecord _ =
        flavors
            .change(
                id,
                flavor -> {
                  Map<String, String> left = new HashMap<>(flavor.extraSpecs());
                  if (left.remove(key) == null) {
                    throw noSpec(id, key);
                  }
                  return flavor.with(left);
                })
            .orElseThrow(() -> Refusals.noFlavor(id));
    return Json.empty(200);
  }

  private FlavorRecord put(String id, Map<String, String> specs) {
    return flavors
        .change(
            id,
            flavor -> {
              Map<String, String> all = new HashMap<>(flavor.extraSpecs());
              all.putAll(specs);
              return flavor.with(all);
            })
        .orElseThrow(() -> Refusals.noFlavor(id));
  }

  private static Map<String, String> read(JsonBody given, ApiRequest request) {
    Map<String, String> specs = new HashMap<>();
    for (String key : given.node().propertyNames()) {
      if (!key.matches("[a-zA-Z0-9_:. -]{1,255}")) {
        throw given.invalid(
            key,
            "'%s' does not match '^[a-zA-Z0-9-_:. ]{1,255}$'".formatted(Refusals.shortened(key)));
      }
      JsonNode value = given.required(key);
      String text = value.isNumber() ? value.toString() : given.text(key, 0, 255);
      if (request.has(Change.EXTRA_SPECS_CHECKED)) {
        KnownSpecs.require(key, text);
      }
      specs.put(key, text);
    }
    return specs;
  }

  private static HttpFailure noSpec(String id, String key) {
    return new HttpFailure(
        404,
        "Flavor %s has no extra specs with key %s."
            .formatted(Refusals.shortened(id), Refusals.shortened(key)));
  }

  private static ResponseEntity<JsonNode> listed(Map<String, String> specs) {
    ObjectNode view = Json.object();
    specs.forEach(view::put);
    return Json.ok("extra_specs", view);
  }
}
