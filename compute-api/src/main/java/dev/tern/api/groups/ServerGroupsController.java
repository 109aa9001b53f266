package dev.tern.api.groups;

import dev.tern.api.errors.Refusals;
import dev.tern.api.quotas.Limits;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.version.Change;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.store.QuotaStore.Resource;
import dev.tern.store.ServerGroupStore;
import dev.tern.store.ServerGroupStore.NewGroup;
import dev.tern.store.ServerGroupStore.Policy;
import dev.tern.store.ServerGroupStore.ServerGroupRecord;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /os-server-groups}. */
@RestController
final class ServerGroupsController {
  private static final int MOST = 1000;
  private static final String MOST_PER_HOST = "max_server_per_host";

  private final ServerGroupStore groups;
  private final Limits limits;
  private final Supplier<UUID> newIds;

  ServerGroupsController(ServerGroupStore groups, Limits limits, Supplier<UUID> newIds) {
    this.groups = groups;
    this.limits = limits;
    this.newIds = newIds;
  }

  @GetMapping("/v2.1/os-server-groups")
  ResponseEntity<JsonNode> list(ApiRequest request) {
    request.caller().require(Role.READER, "os-server-groups:index");
    if (request.has(Change.STRICT)) {
      request.query().refuseOthers(Set.of("all_projects", "limit", "offset"));
    }
    boolean all = request.query().has("all_projects") && request.admin();
    Optional<String> project = all ? Optional.empty() : Optional.of(request.caller().project());
    int limit = number("limit", MOST, request);
    ArrayNode items = Json.array();
    groups
        .list(project, number("offset", 0, request), Math.min(limit == 0 ? MOST : limit, MOST))
        .forEach(group -> items.add(view(group, request)));
    return Json.ok("server_groups", items);
  }

  private static int number(String name, int absent, ApiRequest request) {
    Optional<String> text = request.query().one(name).filter(each -> !each.isEmpty());
    if (text.isPresent() && !text.get().matches("[0-9]{1,9}")) {
      throw Refusals.invalidQuery(
          name,
          "Value: %s. It must be a non-negative integer."
              .formatted(Refusals.shortened(text.get())));
    }
    return text.map(Integer::parseInt).orElse(absent);
  }

  @GetMapping("/v2.1/os-server-groups/{id}")
  ResponseEntity<JsonNode> show(@PathVariable String id, ApiRequest request) {
    ServerGroupRecord group = find(id, request);
    request.caller().require(Role.READER, "os-server-groups:show");
    return Json.ok("server_group", view(group, request));
  }

  @DeleteMapping("/v2.1/os-server-groups/{id}")
  ResponseEntity<JsonNode> delete(@PathVariable String id, ApiRequest request) {
    ServerGroupRecord group = find(id, request);
    request.caller().require(Role.MEMBER, "os-server-groups:delete");
    if (!groups.delete(group.group().id())) {
      throw notFound(id);
    }
    return Json.empty(204);
  }

  @PostMapping("/v2.1/os-server-groups")
  ResponseEntity<JsonNode> create(JsonBody body, ApiRequest request) {
    request.caller().require(Role.MEMBER, "os-server-groups:create");
    body.refuseOthers(Set.of("server_group"));
    JsonBody wanted = body.object("server_group");
    boolean single = request.has(Change.SERVER_GROUP_POLICY);
    wanted.refuseOthers(single ? Set.of("name", "policy", "rules") : Set.of("name", "policies"));
    String name = name(wanted);
    Policy policy = single ? policy(wanted) : onlyPolicy(wanted, request);
    Optional<Integer> most = single ? mostPerHost(wanted, policy) : Optional.empty();
    String project = request.caller().project();
    NewGroup group =
        new NewGroup(newIds.get(), project, request.caller().user(), name, policy, most);
    return request.once(() ->
        Json.ok(
            "server_group",
            view(groups.create(group, limits.of(project, Resource.SERVER_GROUPS)), request)));
  }

  private static String name(JsonBody wanted) {
    String name = wanted.text("name", 1, 255);
    if (!name.equals(name.strip()) || name.codePoints().anyMatch(Character::isISOControl)) {
      throw wanted.invalid(
          "name", "It can not start or end with whitespace or contain control characters.");
    }
    return name;
  }

  private static Policy policy(JsonBody wanted) {
    String text = wanted.text("policy", 1, 255);
    return Policy.parse(text)
        .orElseThrow(() -> wanted.invalid("policy", isNone(text, Arrays.asList(Policy.values()))));
  }

  /** A list of one; the soft ones came with 2.15. */
  private static Policy onlyPolicy(JsonBody wanted, ApiRequest request) {
    JsonNode all = wanted.required("policies");
    if (!all.isArray()) {
      throw wanted.wrongType("policies", "array");
    }
    if (all.size() != 1 || !all.get(0).isString()) {
      throw wanted.invalid("policies", "It must have one policy.");
    }
    List<Policy> known =
        request.has(Change.SERVER_GROUP_SOFT_POLICIES)
            ? Arrays.asList(Policy.values())
            : List.of(Policy.ANTI_AFFINITY, Policy.AFFINITY);
    String text = all.get(0).stringValue();
    return Policy.parse(text)
        .filter(known::contains)
        .orElseThrow(() -> wanted.invalid("policies", isNone(text, known)));
  }

  private static String isNone(String text, List<Policy> known) {
    return "'%s' is not one of ['%s']"
        .formatted(
            Refusals.shortened(text),
            String.join("', '", known.stream().map(Policy::wire).toList()));
  }

  private static Optional<Integer> mostPerHost(JsonBody wanted, Policy policy) {
    if (!wanted.has("rules")) {
      return Optional.empty();
    }
    JsonBody rules = wanted.object("rules");
    rules.refuseOthers(Set.of(MOST_PER_HOST));
    if (!rules.has(MOST_PER_HOST)) {
      return Optional.empty();
    }
    int most = rules.integer(MOST_PER_HOST, 1, Integer.MAX_VALUE);
    if (policy != Policy.ANTI_AFFINITY) {
      throw Refusals.invalid("Only anti-affinity policy supports rules.");
    }
    return Optional.of(most);
  }

  private ServerGroupRecord find(String id, ApiRequest request) {
    UUID uuid;
    try {
      uuid = UUID.fromString(id);
    } catch (IllegalArgumentException e) {
      throw notFound(id);
    }
    return groups
        .find(uuid)
        .filter(group -> request.caller().mayEnter(group.group().project()))
        .orElseThrow(() -> notFound(id));
  }

  private static ComputeException notFound(String id) {
    return new ComputeException(
        ErrorCode.SERVER_GROUP_NOT_FOUND,
        "Instance group %s could not be found.".formatted(Refusals.shortened(id)),
        null);
  }

  private static ObjectNode view(ServerGroupRecord found, ApiRequest request) {
    NewGroup group = found.group();
    ObjectNode view = Json.object().put("id", group.id().toString()).put("name", group.name());
    if (request.has(Change.SERVER_GROUP_POLICY)) {
      view.put("policy", group.policy().wire());
      ObjectNode rules = view.putObject("rules");
      group.mostPerHost().ifPresent(most -> rules.put(MOST_PER_HOST, most));
    } else {
      view.putArray("policies").add(group.policy().wire());
      view.putObject("metadata");
    }
    ArrayNode members = view.putArray("members");
    found.members().forEach(server -> members.add(server.toString()));
    if (request.has(Change.SERVER_GROUP_OWNER)) {
      view.put("project_id", group.project()).put("user_id", group.user());
    }
    return view;
  }
}
