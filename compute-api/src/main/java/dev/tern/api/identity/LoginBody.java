package dev.tern.api.identity;

import dev.tern.api.errors.HttpFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * What a client sends to get a token, in Keystone's form.
 *
 * @param unscoped whether a token of no project is asked for in so many words
 */
record LoginBody(Proof proof, Optional<Name> project, boolean unscoped) {
  private static final int LONGEST = 1024;
  private static final Set<String> SCOPES =
      Set.of("project", "domain", "system", "unscoped", "OS-TRUST:trust");

  /** How one shows who one is. */
  sealed interface Proof {
    /** By name and password. */
    record Password(Name user, String password) implements Proof {}

    /** By an application credential; its user, when it is named and not told by its id. */
    record Secret(Name credential, Optional<Name> user, String secret) implements Proof {}

    /** By another token. */
    record Token(String value) implements Proof {}
  }

  /** Something that is told by its id, or by its name. */
  record Name(Optional<String> id, Optional<String> name) {
    String text() {
      return id.or(() -> name).orElse("");
    }
  }

  /**
   * Reads it.
   *
   * @throws HttpFailure 400 naming what is wrong, 401 for a method or scope that is not offered, as
   *     Keystone answers
   */
  static LoginBody of(JsonNode body) {
    JsonNode auth = object(body.path("auth"), "auth");
    JsonNode identity = object(auth.path("identity"), "identity");
    JsonNode methods = identity.path("methods");
    if (!methods.isArray() || methods.isEmpty()) {
      throw invalid("methods", "a list of methods");
    }
    List<String> names = new ArrayList<>();
    methods.forEach(method -> names.add(text(method, "methods")));
    if (names.size() != 1) {
      throw new HttpFailure(401, "One authentication method at a time is offered.");
    }
    String method = names.getFirst();
    Proof proof =
        switch (method) {
          case "password" -> password(object(identity.path(method), method));
          case "application_credential" -> secret(object(identity.path(method), method));
          case "token" ->
              new Proof.Token(text(object(identity.path(method), method).path("id"), "id"));
          default ->
              throw new HttpFailure(401, "Attempted to authenticate with an unsupported method.");
        };
    return scoped(proof, auth.path("scope"));
  }

  private static LoginBody scoped(Proof proof, JsonNode scope) {
    if (scope.isMissingNode() || scope.isNull()) {
      return new LoginBody(proof, Optional.empty(), false);
    }
    if (scope.isString() && scope.stringValue().equals("unscoped")) {
      return new LoginBody(proof, Optional.empty(), true);
    }
    object(scope, "scope");
    if (scope.size() != 1 || !SCOPES.containsAll(scope.propertyNames())) {
      throw invalid("scope", "one of project and unscoped");
    }
    if (scope.has("unscoped")) {
      return new LoginBody(proof, Optional.empty(), true);
    }
    if (!scope.has("project")) {
      throw new HttpFailure(
          401, "Tokens are for projects here, not for a domain, the system or a trust.");
    }
    if (proof instanceof Proof.Secret) {
      throw new HttpFailure(
          401, "Application credentials cannot request a scope; they are for one project.");
    }
    return new LoginBody(proof, Optional.of(name(object(scope.path("project"), "project"))), false);
  }

  private static Proof password(JsonNode password) {
    JsonNode user = object(password.path("user"), "user");
    return new Proof.Password(name(user), text(user.path("password"), "password"));
  }

  private static Proof secret(JsonNode credential) {
    JsonNode user = credential.path("user");
    return new Proof.Secret(
        ofIdOrName(credential, "application_credential"),
        user.isMissingNode() ? Optional.empty() : Optional.of(name(object(user, "user"))),
        text(credential.path("secret"), "secret"));
  }

  /** In a domain that is named, or needs no naming with an id. */
  private static Name name(JsonNode node) {
    Name name = ofIdOrName(node, "user or project");
    JsonNode domain = node.path("domain");
    if (name.id().isEmpty() && domain.isMissingNode()) {
      throw invalid("domain", "given where something is told by its name");
    }
    if (!domain.isMissingNode()) {
      object(domain, "domain");
      boolean known =
          domain.has("id")
              ? text(domain.path("id"), "id").equals(Users.DOMAIN_ID)
              : text(domain.path("name"), "name").equalsIgnoreCase(Users.DOMAIN_NAME);
      // Nobody is in a domain that there is not.
      return known ? name : new Name(Optional.of(""), Optional.empty());
    }
    return name;
  }

  private static Name ofIdOrName(JsonNode node, String what) {
    if (!node.has("id") && !node.has("name")) {
      throw invalid(what, "told by id or name");
    }
    return node.has("id")
        ? new Name(Optional.of(text(node.path("id"), "id")), Optional.empty())
        : new Name(Optional.empty(), Optional.of(text(node.path("name"), "name")));
  }

  private static JsonNode object(JsonNode node, String field) {
    if (!node.isObject()) {
      throw invalid(field, "an object");
    }
    return node;
  }

  private static String text(JsonNode node, String field) {
    if (!node.isString() || node.stringValue().length() > LONGEST) {
      throw invalid(field, "a text of at most " + LONGEST + " characters");
    }
    return node.stringValue();
  }

  private static HttpFailure invalid(String field, String what) {
    return new HttpFailure(
        400, "Invalid input for field '%s': it has to be %s.".formatted(field, what));
  }
}
