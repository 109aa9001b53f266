package dev.tern.api.identity;

import dev.tern.api.identity.TokenBook.Good;
import dev.tern.api.identity.Users.Project;
import dev.tern.api.identity.Users.User;
import dev.tern.api.request.Json;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Things as Keystone v3 shows them. */
final class IdentityViews {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  /** What this API really serves: type, name, path. */
  private static final List<List<String>> SERVICES =
      List.of(
          List.of("compute", "nova", "/v2.1"),
          List.of("image", "glance", "/image"),
          List.of("identity", "keystone", "/identity/v3"));

  private final String base;
  private final String region;

  IdentityViews(String base, String region) {
    this.base = base;
    this.region = region;
  }

  ObjectNode version() {
    ObjectNode version =
        Json.object()
            .put("id", "v3.14")
            .put("status", "stable")
            .put("updated", "2020-04-07T00:00:00Z");
    version.putArray("links").addObject().put("rel", "self").put("href", base + "/identity/v3/");
    version
        .putArray("media-types")
        .addObject()
        .put("base", "application/json")
        .put("type", "application/vnd.openstack.identity-v3+json");
    return version;
  }

  ObjectNode token(Good token, boolean withCatalog) {
    ObjectNode view = Json.object();
    ArrayNode methods = view.putArray("methods");
    methods.add(token.credential().isPresent() ? "application_credential" : "password");
    if (token.audit().size() > 1) {
      methods.add("token");
    }
    ObjectNode user = view.putObject("user");
    user.put("id", token.user().id()).put("name", token.user().name());
    user.set("domain", domain());
    user.putNull("password_expires_at");
    ArrayNode audit = view.putArray("audit_ids");
    token.audit().forEach(audit::add);
    view.put("expires_at", time(token.expiresAt())).put("issued_at", time(token.issuedAt()));
    token
        .credential()
        .ifPresent(credential ->
            view.putObject("application_credential")
                .put("id", credential.id())
                .put("name", credential.name())
                .put("restricted", true));
    token
        .project()
        .ifPresent(project -> {
          ObjectNode one = view.putObject("project");
          one.put("id", project.id()).put("name", project.name()).set("domain", domain());
          view.put("is_domain", false);
          ArrayNode roles = view.putArray("roles");
          token.roles().forEach(role -> roles.add(role(role)));
          if (withCatalog) {
            view.set("catalog", catalog());
          }
        });
    return view;
  }

  ArrayNode catalog() {
    ArrayNode catalog = Json.array();
    for (List<String> service : SERVICES) {
      String type = service.getFirst();
      ObjectNode view = catalog.addObject();
      ArrayNode endpoints = view.putArray("endpoints");
      for (String side : List.of("public", "internal", "admin")) {
        endpoints
            .addObject()
            .put("id", UsersFile.idOf("endpoint", type + " " + side))
            .put("interface", side)
            .put("region_id", region)
            .put("region", region)
            .put("url", base + service.get(2));
      }
      view.put("id", UsersFile.idOf("service", type)).put("type", type).put("name", service.get(1));
    }
    return catalog;
  }

  static ObjectNode domain() {
    return Json.object().put("id", Users.DOMAIN_ID).put("name", Users.DOMAIN_NAME);
  }

  static ObjectNode role(String name) {
    return Json.object().put("id", UsersFile.idOf("role", name)).put("name", name);
  }

  ObjectNode wholeRole(String name) {
    ObjectNode role = role(name).putNull("domain_id").put("description", "");
    role.putObject("options");
    return self(role, "roles");
  }

  ObjectNode wholeDomain() {
    ObjectNode domain = domain().put("description", "The only one.").put("enabled", true);
    domain.putArray("tags");
    domain.putObject("options");
    return self(domain, "domains");
  }

  ObjectNode project(Project project) {
    ObjectNode view =
        Json.object()
            .put("id", project.id())
            .put("name", project.name())
            .put("domain_id", Users.DOMAIN_ID)
            .put("parent_id", Users.DOMAIN_ID)
            .put("description", project.description())
            .put("enabled", true)
            .put("is_domain", false);
    view.putArray("tags");
    view.putObject("options");
    return self(view, "projects");
  }

  ObjectNode user(User user) {
    ObjectNode view =
        Json.object()
            .put("id", user.id())
            .put("name", user.name())
            .put("domain_id", Users.DOMAIN_ID)
            .put("enabled", true)
            .putNull("password_expires_at");
    user.defaultProject().ifPresent(project -> view.put("default_project_id", project));
    view.putObject("options");
    return self(view, "users");
  }

  private ObjectNode self(ObjectNode view, String collection) {
    view.putObject("links")
        .put(
            "self",
            "%s/identity/v3/%s/%s".formatted(base, collection, view.get("id").stringValue()));
    return view;
  }

  ObjectNode list(String name, ArrayNode items, String path) {
    ObjectNode view = Json.object();
    view.set(name, items);
    view.putObject("links").put("self", base + path).putNull("next").putNull("previous");
    return view;
  }

  private static String time(Instant time) {
    return TIME.format(time);
  }
}
