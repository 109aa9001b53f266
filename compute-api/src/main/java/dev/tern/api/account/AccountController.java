package dev.tern.api.account;

import dev.tern.api.errors.HttpFailure;
import dev.tern.api.errors.Refusals;
import dev.tern.api.quotas.Limits;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.version.Change;
import dev.tern.store.QuotaStore;
import dev.tern.store.QuotaStore.Resource;
import dev.tern.store.ServerGroupStore;
import dev.tern.store.ServerStore.Usage;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Limits and extensions: clients read them to draw their pages. */
@RestController
final class AccountController {
  private static final List<String> EXTENSIONS =
      List.of(
          "os-availability-zone",
          "os-hypervisors",
          "os-instance-actions",
          "os-keypairs",
          "os-migrations",
          "os-quota-class-sets",
          "os-quota-sets",
          "os-services",
          "os-server-groups",
          "os-aggregates");

  private final QuotaStore quotas;
  private final ServerGroupStore groups;
  private final Limits limits;

  AccountController(QuotaStore quotas, ServerGroupStore groups, Limits limits) {
    this.quotas = quotas;
    this.groups = groups;
    this.limits = limits;
  }

  @GetMapping("/v2.1/limits")
  ResponseEntity<JsonNode> limits(ApiRequest request) {
    if (request.has(Change.STRICT)) {
      request.query().refuseOthers(Set.of("tenant_id"));
    }
    request.caller().require(Role.NONE, "limits");
    String project = request.query().one("tenant_id").orElse(request.caller().project());
    if (!project.equals(request.caller().project())) {
      request.caller().require(Role.ADMIN, "limits:other_project");
    }
    Usage usage = quotas.usage(project);
    Map<Resource, Long> most = limits.of(project);
    ObjectNode view = Json.object();
    view.putArray("rate");
    ObjectNode absolute =
        view.putObject("absolute")
            .put("maxServerMeta", most.get(Resource.METADATA_ITEMS))
            .put("maxTotalInstances", most.get(Resource.INSTANCES))
            .put("maxTotalCores", most.get(Resource.CORES))
            .put("maxTotalRAMSize", most.get(Resource.RAM))
            .put("maxTotalKeypairs", most.get(Resource.KEY_PAIRS))
            .put("maxServerGroups", most.get(Resource.SERVER_GROUPS))
            .put("maxServerGroupMembers", most.get(Resource.SERVER_GROUP_MEMBERS))
            .put("totalInstancesUsed", usage.servers())
            .put("totalCoresUsed", usage.vcpus())
            .put("totalRAMUsed", usage.memoryMib())
            .put("totalServerGroupsUsed", groups.count(project));
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
    return Json.ok("limits", view);
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
}
