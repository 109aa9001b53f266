package dev.tern.api.identity;

import dev.tern.api.errors.HttpFailure;
import dev.tern.api.errors.Refusals;
import dev.tern.api.identity.TokenBook.Good;
import dev.tern.api.identity.Users.Project;
import dev.tern.api.identity.Users.User;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Json;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Optional;
import java.util.TreeSet;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;

/** Users, projects, domains and roles, to be read; they change in the file. */
@RestController
public final class PeopleController {
  private final Sessions sessions;
  private final String region;

  PeopleController(Sessions sessions, String region) {
    this.sessions = sessions;
    this.region = region;
  }

  private IdentityViews views(ApiRequest request) {
    return new IdentityViews(request.base(), region);
  }

  private Good administrator(HttpServletRequest http, String rule) {
    Good caller = sessions.of(http);
    if (!caller.isAdmin()) {
      throw Sessions.forbidden(rule);
    }
    return caller;
  }

  private static boolean asked(ApiRequest request, String name) {
    Optional<String> wanted = request.query().one("name");
    return wanted.isEmpty() || wanted.get().equals(name);
  }

  private static HttpFailure none(String kind, String id) {
    return new HttpFailure(404, "Could not find %s: %s.".formatted(kind, Refusals.shortened(id)));
  }

  @GetMapping("/identity/v3/projects")
  ResponseEntity<JsonNode> projects(HttpServletRequest http, ApiRequest request) {
    administrator(http, "identity:list_projects");
    ArrayNode items = Json.array();
    sessions.users().projects().stream()
        .filter(project -> asked(request, project.name()))
        .forEach(project -> items.add(views(request).project(project)));
    return Json.ok(views(request).list("projects", items, request.path()));
  }

  @GetMapping("/identity/v3/projects/{id}")
  ResponseEntity<JsonNode> project(
      @PathVariable String id, HttpServletRequest http, ApiRequest request) {
    Good caller = sessions.of(http);
    Optional<Project> project = sessions.users().project(id);
    if (!caller.isAdmin() && !caller.user().roles().containsKey(id)) {
      throw Sessions.forbidden("identity:get_project");
    }
    return Json.ok(
        "project", views(request).project(project.orElseThrow(() -> none("project", id))));
  }

  @GetMapping("/identity/v3/users")
  ResponseEntity<JsonNode> users(HttpServletRequest http, ApiRequest request) {
    administrator(http, "identity:list_users");
    ArrayNode items = Json.array();
    sessions.users().users().stream()
        .filter(user -> asked(request, user.name()))
        .forEach(user -> items.add(views(request).user(user)));
    return Json.ok(views(request).list("users", items, request.path()));
  }

  @GetMapping("/identity/v3/users/{id}")
  ResponseEntity<JsonNode> user(
      @PathVariable String id, HttpServletRequest http, ApiRequest request) {
    return Json.ok("user", views(request).user(self(id, http, "identity:get_user")));
  }

  @GetMapping("/identity/v3/users/{id}/projects")
  ResponseEntity<JsonNode> projectsOf(
      @PathVariable String id, HttpServletRequest http, ApiRequest request) {
    User user = self(id, http, "identity:list_user_projects");
    ArrayNode items = Json.array();
    sessions
        .users()
        .projectsOf(user)
        .forEach(project -> items.add(views(request).project(project)));
    return Json.ok(views(request).list("projects", items, request.path()));
  }

  private User self(String id, HttpServletRequest http, String rule) {
    Sessions.requireSelf(sessions.of(http), id, rule);
    return sessions.users().user(id).orElseThrow(() -> none("user", id));
  }

  @GetMapping("/identity/v3/roles")
  ResponseEntity<JsonNode> roles(HttpServletRequest http, ApiRequest request) {
    administrator(http, "identity:list_roles");
    TreeSet<String> names =
        new TreeSet<>(java.util.List.of("admin", "manager", "member", "reader"));
    sessions.users().users().forEach(user -> user.roles().values().forEach(names::addAll));
    ArrayNode items = Json.array();
    names.stream()
        .filter(name -> asked(request, name))
        .forEach(name -> items.add(views(request).wholeRole(name)));
    return Json.ok(views(request).list("roles", items, request.path()));
  }

  @GetMapping("/identity/v3/domains")
  ResponseEntity<JsonNode> domains(HttpServletRequest http, ApiRequest request) {
    administrator(http, "identity:list_domains");
    ArrayNode items = Json.array();
    if (asked(request, Users.DOMAIN_NAME)) {
      items.add(views(request).wholeDomain());
    }
    return Json.ok(views(request).list("domains", items, request.path()));
  }

  @GetMapping("/identity/v3/domains/{id}")
  ResponseEntity<JsonNode> domain(
      @PathVariable String id, HttpServletRequest http, ApiRequest request) {
    sessions.of(http);
    if (!id.equals(Users.DOMAIN_ID)) {
      throw none("domain", id);
    }
    return Json.ok("domain", views(request).wholeDomain());
  }
}
