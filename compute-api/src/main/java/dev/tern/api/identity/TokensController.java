package dev.tern.api.identity;

import dev.tern.api.identity.TokenBook.Good;
import dev.tern.api.identity.TokenBook.Issued;
import dev.tern.api.identity.Users.Project;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Logging in, and what a token is good for: {@code /identity} and {@code /identity/v3/auth}. */
@RestController
public final class TokensController {
  private static final String TOKENS = "/identity/v3/auth/tokens";
  private static final String SUBJECT = "X-Subject-Token";

  private final Logins logins;
  private final TokenBook tokens;
  private final Sessions sessions;
  private final String region;

  TokensController(Logins logins, TokenBook tokens, Sessions sessions, String region) {
    this.logins = logins;
    this.tokens = tokens;
    this.sessions = sessions;
    this.region = region;
  }

  private IdentityViews views(ApiRequest request) {
    return new IdentityViews(request.base(), region);
  }

  @GetMapping({"/identity", "/identity/"})
  ResponseEntity<JsonNode> versions(ApiRequest request) {
    ObjectNode body = Json.object();
    body.putObject("versions").putArray("values").add(views(request).version());
    return Json.status(300, body);
  }

  @GetMapping({"/identity/v3", "/identity/v3/"})
  ResponseEntity<JsonNode> version(ApiRequest request) {
    return Json.ok("version", views(request).version());
  }

  @PostMapping(TOKENS)
  ResponseEntity<JsonNode> logIn(HttpServletRequest http, ApiRequest request, JsonBody body) {
    Issued issued = logins.logIn(LoginBody.of(body.node()), http.getRemoteAddr());
    ObjectNode answer = Json.object();
    answer.set("token", views(request).token(issued.token(), !request.query().has("nocatalog")));
    return ResponseEntity.status(201)
        .contentType(MediaType.APPLICATION_JSON)
        .header(SUBJECT, issued.value())
        .header("Cache-Control", "no-store")
        .body(answer);
  }

  @GetMapping(TOKENS)
  ResponseEntity<JsonNode> validate(HttpServletRequest http, ApiRequest request) {
    Good subject = sessions.subject(http, sessions.of(http), "identity:validate_token");
    ObjectNode answer = Json.object();
    answer.set("token", views(request).token(subject, !request.query().has("nocatalog")));
    return ResponseEntity.ok()
        .contentType(MediaType.APPLICATION_JSON)
        .header(SUBJECT, http.getHeader(SUBJECT))
        .header("Cache-Control", "no-store")
        .body(answer);
  }

  @DeleteMapping(TOKENS)
  ResponseEntity<JsonNode> revoke(HttpServletRequest http) {
    tokens.revoke(sessions.subject(http, sessions.of(http), "identity:revoke_token"));
    return Json.empty(204);
  }

  @GetMapping("/identity/v3/auth/catalog")
  ResponseEntity<JsonNode> catalog(HttpServletRequest http, ApiRequest request) {
    Good caller = sessions.of(http);
    ArrayNode catalog = caller.project().isPresent() ? views(request).catalog() : Json.array();
    return Json.ok(views(request).list("catalog", catalog, request.path()));
  }

  @GetMapping("/identity/v3/auth/projects")
  ResponseEntity<JsonNode> projects(HttpServletRequest http, ApiRequest request) {
    Good caller = sessions.of(http);
    List<Project> all =
        caller.credential().isPresent()
            ? caller.project().stream().toList()
            : sessions.users().projectsOf(caller.user());
    ArrayNode items = Json.array();
    all.forEach(project -> items.add(views(request).project(project)));
    return Json.ok(views(request).list("projects", items, request.path()));
  }

  /** Nobody has a role in a domain, or in the system. */
  @GetMapping({"/identity/v3/auth/domains", "/identity/v3/auth/system"})
  ResponseEntity<JsonNode> others(HttpServletRequest http, ApiRequest request) {
    sessions.of(http);
    String name = request.path().substring(request.path().lastIndexOf('/') + 1);
    return Json.ok(views(request).list(name, Json.array(), request.path()));
  }
}
