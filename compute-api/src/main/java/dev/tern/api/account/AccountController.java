package dev.tern.api.account;

import dev.tern.api.errors.HttpFailure;
import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.version.Change;
import dev.tern.store.ServerStore;
import dev.tern.store.ServerStore.Usage;
import java.util.List;
import java.util.Set;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Limits, extensions, and lists that are empty here: clients read them to draw their pages. */
@RestController
final class AccountController {
  private static final int UNLIMITED = -1;
  private static final List<String> EXTENSIONS =
      List.of(
          "os-availability-zone",
          "os-hypervisors",
          "os-instance-actions",
          "os-keypairs",
          "os-migrations",
          "os-services",
          "os-server-groups",
          "os-aggregates");

  private final ServerStore servers;

  AccountController(ServerStore servers) {
    this.servers = servers;
  }

  @GetMapping("/v2.1/limits")
  ResponseEntity<JsonNode> limits(ApiRequest request) {
    if (request.has(Change.STRICT)) {
      request.query().refuseOthers(Set.of("tenant_id"));
    }
    String project = request.query().one("tenant_id").orElse(request.caller().project());
    if (!project.equals(request.caller().project())) {
      request.caller().require(Role.ADMIN, "limits:other_project");
    }
    Usage usage = servers.usage(project);
    ObjectNode limits = Json.object();
    limits.putArray("rate");
    ObjectNode absolute =
        limits
            .putObject("absolute")
            .put("maxServerMeta", 128)
            .put("maxTotalInstances", UNLIMITED)
            .put("maxTotalCores", UNLIMITED)
            .put("maxTotalRAMSize", UNLIMITED)
            .put("maxTotalKeypairs", 0)
            .put("maxServerGroups", 0)
            .put("maxServerGroupMembers", 0)
            .put("totalInstancesUsed", usage.servers())
            .put("totalCoresUsed", usage.vcpus())
            .put("totalRAMUsed", usage.memoryMib())
            .put("totalServerGroupsUsed", 0);
    if (request.version().before(Change.PROXIES_GONE)) {
      absolute
          .put("maxSecurityGroups", 0)
          .put("maxSecurityGroupRules", 0)
          .put("maxTotalFloatingIps", 0)
          .put("totalSecurityGroupsUsed", 0)
          .put("totalFloatingIpsUsed", 0);
    }
    if (request.version().before(Change.IMAGE_METADATA_GONE)) {
      absolute.put("maxImageMeta", 128);
    }
    if (request.version().before(Change.PERSONALITY_GONE)) {
      absolute.put("maxPersonality", 0).put("maxPersonalitySize", 0);
    }
    return Json.ok("limits", limits);
  }

  @GetMapping("/v2.1/extensions")
  ResponseEntity<JsonNode> extensions() {
    ArrayNode items = Json.array();
    EXTENSIONS.forEach(alias -> items.add(extension(alias)));
    return Json.ok("extensions", items);
  }

  @GetMapping("/v2.1/extensions/{alias}")
  ResponseEntity<JsonNode> extension(@PathVariable String alias, ApiRequest request) {
    if (!EXTENSIONS.contains(alias)) {
      throw new HttpFailure(
          404, "No extension found with alias %s".formatted(Refusals.shortened(alias)));
    }
    return Json.ok("extension", extension(alias));
  }

  private static ObjectNode extension(String alias) {
    ObjectNode view =
        Json.object()
            .put("alias", alias)
            .put("name", alias)
            .put("description", "")
            .put("namespace", "http://docs.openstack.org/compute/ext/fake_xml")
            .put("updated", "2014-12-03T00:00:00Z");
    view.putArray("links");
    return view;
  }

  @GetMapping("/v2.1/os-keypairs")
  ResponseEntity<JsonNode> keyPairs() {
    return Json.ok("keypairs", Json.array());
  }

  @GetMapping("/v2.1/os-server-groups")
  ResponseEntity<JsonNode> serverGroups() {
    return Json.ok("server_groups", Json.array());
  }

  @GetMapping("/v2.1/os-aggregates")
  ResponseEntity<JsonNode> aggregates(ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-aggregates:index");
    return Json.ok("aggregates", Json.array());
  }
}
