package dev.tern.api.quotas;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.version.Change;
import dev.tern.store.QuotaStore;
import dev.tern.store.QuotaStore.Kind;
import dev.tern.store.QuotaStore.Resource;
import dev.tern.store.ServerGroupStore;
import dev.tern.store.ServerStore.Usage;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /os-quota-sets}. A project's users have no limits of their own here, so their projects'
 * are shown for them, and none can be set.
 */
@RestController
final class QuotaSetsController {
  private final QuotaStore quotas;
  private final ServerGroupStore groups;
  private final Limits limits;

  QuotaSetsController(QuotaStore quotas, ServerGroupStore groups, Limits limits) {
    this.quotas = quotas;
    this.groups = groups;
    this.limits = limits;
  }

  @GetMapping("/v2.1/os-quota-sets/{project}")
  ResponseEntity<JsonNode> show(@PathVariable String project, ApiRequest request) {
    requireReader(project, "show", request);
    checkQuery(request);
    return shown(limits.of(project), Json.object().put("id", project), request);
  }

  @GetMapping("/v2.1/os-quota-sets/{project}/defaults")
  ResponseEntity<JsonNode> defaults(@PathVariable String project, ApiRequest request) {
    return shown(usual(), Json.object().put("id", project), request);
  }

  @GetMapping("/v2.1/os-quota-sets/{project}/detail")
  ResponseEntity<JsonNode> detail(@PathVariable String project, ApiRequest request) {
    requireReader(project, "detail", request);
    checkQuery(request);
    ObjectNode view = Json.object().put("id", project);
    Map<Resource, Long> most = limits.of(project);
    for (Resource resource : QuotaViews.ofProjects(request)) {
      view.putObject(resource.wire())
          .put("limit", most.get(resource))
          .put("in_use", used(project, resource))
          .put("reserved", 0);
    }
    return Json.ok("quota_set", view);
  }

  @PutMapping("/v2.1/os-quota-sets/{project}")
  ResponseEntity<JsonNode> update(@PathVariable String project, ApiRequest request, JsonBody body) {
    request.caller().require(Role.ADMIN, "os-quota-sets:update");
    checkQuery(request);
    if (request.query().has("user_id")) {
      throw Refusals.invalidQuery("user_id", "Users have no quotas of their own in this cloud.");
    }
    body.refuseOthers(Set.of("quota_set"));
    JsonBody set = body.object("quota_set");
    Set<String> known = new HashSet<>(QuotaViews.names(QuotaViews.ofProjects(request)));
    known.add("force");
    set.refuseOthers(known);
    boolean force = set.flagOr("force", false);
    Map<Resource, Long> wanted = QuotaViews.read(set, QuotaViews.ofProjects(request));
    if (!force) {
      wanted.forEach((resource, limit) -> requireRoom(project, resource, limit));
    }
    quotas.put(Kind.PROJECT, project, wanted);
    return shown(limits.of(project), Json.object(), request);
  }

  private void requireRoom(String project, Resource resource, long limit) {
    long used = used(project, resource);
    if (limit >= 0 && limit < used) {
      throw Refusals.invalid(
          "Quota limit %d for %s must be greater than or equal to already used and reserved %d."
              .formatted(limit, resource.wire(), used));
    }
  }

  @DeleteMapping("/v2.1/os-quota-sets/{project}")
  ResponseEntity<JsonNode> delete(@PathVariable String project, ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-quota-sets:delete");
    checkQuery(request);
    // A user has none of its own to forget.
    if (!request.query().has("user_id")) {
      quotas.forget(project);
    }
    return Json.empty(202);
  }

  @GetMapping("/v2.1/os-quota-class-sets/{name}")
  ResponseEntity<JsonNode> showClass(@PathVariable String name, ApiRequest request) {
    request.caller().require(Role.ADMIN, "os-quota-class-sets:show");
    return shownClass(name, Json.object().put("id", name), request);
  }

  @PutMapping("/v2.1/os-quota-class-sets/{name}")
  ResponseEntity<JsonNode> updateClass(
      @PathVariable String name, ApiRequest request, JsonBody body) {
    request.caller().require(Role.ADMIN, "os-quota-class-sets:update");
    if (name.length() > 255) {
      throw Refusals.invalid(
          "quota_class_name has %d characters, more than 255.".formatted(name.length()));
    }
    body.refuseOthers(Set.of("quota_class_set"));
    JsonBody set = body.object("quota_class_set");
    set.refuseOthers(QuotaViews.names(QuotaViews.ofClasses(request)));
    quotas.put(Kind.QUOTA_CLASS, name, QuotaViews.read(set, QuotaViews.ofClasses(request)));
    return shownClass(name, Json.object(), request);
  }

  private ResponseEntity<JsonNode> shownClass(String name, ObjectNode view, ApiRequest request) {
    Map<Resource, Long> all = limits.usual();
    all.putAll(quotas.set(Kind.QUOTA_CLASS, name));
    QuotaViews.ofClasses(request).forEach(resource -> view.put(resource.wire(), all.get(resource)));
    return Json.ok("quota_class_set", view);
  }

  private Map<Resource, Long> usual() {
    Map<Resource, Long> usual = limits.usual();
    usual.putAll(quotas.set(Kind.QUOTA_CLASS, "default"));
    return usual;
  }

  private static void requireReader(String project, String rule, ApiRequest request) {
    request.caller().lookAt(project);
    request.caller().require(Role.READER, "os-quota-sets:" + rule);
  }

  private static void checkQuery(ApiRequest request) {
    if (request.has(Change.STRICT)) {
      request.query().refuseOthers(Set.of("user_id"));
    }
  }

  private long used(String project, Resource resource) {
    Usage usage = quotas.usage(project);
    return switch (resource) {
      case INSTANCES -> usage.servers();
      case CORES -> usage.vcpus();
      case RAM -> usage.memoryMib();
      case SERVER_GROUPS -> groups.count(project);
      // Counted for each user, group, or server by itself, or not there at all.
      case KEY_PAIRS,
          METADATA_ITEMS,
          SERVER_GROUP_MEMBERS,
          FIXED_IPS,
          FLOATING_IPS,
          SECURITY_GROUPS,
          SECURITY_GROUP_RULES,
          INJECTED_FILES,
          INJECTED_FILE_CONTENT_BYTES,
          INJECTED_FILE_PATH_BYTES ->
          0;
    };
  }

  private static ResponseEntity<JsonNode> shown(
      Map<Resource, Long> limits, ObjectNode view, ApiRequest request) {
    QuotaViews.ofProjects(request)
        .forEach(resource -> view.put(resource.wire(), limits.get(resource)));
    return Json.ok("quota_set", view);
  }
}
