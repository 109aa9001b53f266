package dev.tern.client;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A login at a Keystone v3, or at Tern's own identity service, by what OpenStack's clients take: a
 * cloud of {@code clouds.yaml}, or variables named {@code OS_…}.
 */
public final class Login {
  private static final Duration DEADLINE = Duration.ofSeconds(30);
  private static final int LARGEST = 16 << 20;
  private static final int CREATED = 201;
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Map<String, String> facts;
  private final URI tokens;
  private final Trust trust;

  private Login(Map<String, String> facts) {
    this.facts = Map.copyOf(facts);
    this.tokens = tokens(facts.getOrDefault("auth_url", ""));
    this.trust = Trust.of(facts);
    boolean user = has("username") || has("user_id");
    if (has("application_credential_id")
        ? !has("application_credential_secret")
        : !user || !has("password")) {
      throw new IllegalArgumentException(
          "For a login at %s a user and a password are needed, or an application credential's id and secret."
              .formatted(tokens));
    }
  }

  /**
   * What came of a login.
   *
   * @param compute where Nova's API is, if the catalog says
   */
  public record Session(String token, Optional<String> compute) {
    @Override
    public String toString() {
      return "a session at " + compute.orElse("no compute service");
    }
  }

  /**
   * The login that an environment asks for: {@code OS_CLOUD}, or the only cloud of {@code
   * OS_CLIENT_CONFIG_FILE}, else {@code OS_AUTH_URL} with who logs in. Nothing is sent yet.
   *
   * @throws IllegalArgumentException saying what is wrong with it, and no password
   */
  public static Optional<Login> of(Map<String, String> environment) {
    Map<String, String> given = new LinkedHashMap<>();
    environment.forEach((name, value) -> {
      if (name.startsWith("OS_") && !value.isBlank()) {
        given.put(name.substring("OS_".length()).toLowerCase(java.util.Locale.ROOT), value);
      }
    });
    if (given.containsKey("cloud") || given.containsKey("client_config_file")) {
      return Optional.of(new Login(CloudsFile.find(environment)));
    }
    boolean anybody =
        given.containsKey("username")
            || given.containsKey("user_id")
            || given.containsKey("application_credential_id");
    return given.containsKey("auth_url") && anybody
        ? Optional.of(new Login(given))
        : Optional.empty();
  }

  /** Of the identity service, and of the compute service that it names. */
  Trust trust() {
    return trust;
  }

  private static URI tokens(String url) {
    if (!url.matches("https?://[^/?#\\s]+(/[^?#\\s]*)?")) {
      throw new IllegalArgumentException(
          "The auth_url '%s' is none; one looks like https://keystone:5000/v3.".formatted(url));
    }
    String base = url.replaceFirst("/+$", "");
    return URI.create((base.endsWith("/v3") ? base : base + "/v3") + "/auth/tokens");
  }

  private boolean has(String fact) {
    return facts.containsKey(fact);
  }

  /**
   * Logs in.
   *
   * @throws RefusedException when the identity service says no
   * @throws NoAnswerException when it does not answer, or not readably
   */
  public Session logIn() throws IOException, InterruptedException {
    HttpResponse<byte[]> answer =
        send(
            HttpRequest.newBuilder(tokens)
                .header("Content-Type", "application/json")
                .header("Accept", "application/json")
                .timeout(DEADLINE)
                .POST(BodyPublishers.ofString(JSON.writeValueAsString(Map.of("auth", auth()))))
                .build());
    JsonNode body;
    try {
      body = JSON.readTree(answer.body());
    } catch (JacksonException e) {
      // Not as its cause: that may quote what it could not read.
      throw new NoAnswerException(
          "%s answered %d with something that is not JSON. Is it a Keystone's?"
              .formatted(tokens, answer.statusCode()),
          null);
    }
    Optional<String> token = answer.headers().firstValue("X-Subject-Token");
    if (answer.statusCode() == CREATED && token.isPresent()) {
      return new Session(token.get(), compute(body.path("token").path("catalog")));
    }
    String reason = body.path("error").path("message").asString("no reason");
    String failure =
        "The login of %s at %s is answered %d: %s"
            .formatted(who(), tokens, answer.statusCode(), reason);
    if (answer.statusCode() / 100 == 4) {
      throw new RefusedException(answer.statusCode(), failure);
    }
    throw new NoAnswerException(failure, null);
  }

  private HttpResponse<byte[]> send(HttpRequest request)
      throws NoAnswerException, InterruptedException {
    try (HttpClient http = trust.client().connectTimeout(DEADLINE).build()) {
      // A request's own timeout ends with the headers; this one covers the body, too.
      CompletableFuture<HttpResponse<byte[]>> answer =
          http.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), LARGEST));
      try {
        return answer.get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
      } catch (TimeoutException e) {
        throw new NoAnswerException(
            "%s did not answer within %d s.".formatted(tokens, DEADLINE.toSeconds()), e);
      } catch (ExecutionException e) {
        throw new NoAnswerException(
            e.getCause() instanceof SSLException
                ? "Who answers at %s is not trusted (%s). Is the cacert right?"
                    .formatted(tokens, e.getCause().getMessage())
                : "Nobody answers at %s. Is the auth_url right?".formatted(tokens),
            e.getCause());
      } finally {
        http.shutdownNow();
      }
    }
  }

  private Optional<String> compute(JsonNode catalog) {
    for (JsonNode service : catalog) {
      if (service.path("type").asString("").equals("compute")) {
        for (JsonNode endpoint : service.path("endpoints")) {
          String region = endpoint.path("region_id").asString(endpoint.path("region").asString(""));
          if (endpoint.path("interface").asString("").equals("public")
              && region.equals(facts.getOrDefault("region_name", region))) {
            return Optional.of(endpoint.path("url").asString(""));
          }
        }
      }
    }
    return Optional.empty();
  }

  private String who() {
    return fact("username")
        .or(() -> fact("user_id"))
        .orElseGet(() -> "application credential " + facts.get("application_credential_id"));
  }

  private Optional<String> fact(String name) {
    return Optional.ofNullable(facts.get(name));
  }

  private Map<String, Object> auth() {
    if (has("application_credential_id")) {
      return Map.of(
          "identity",
          Map.of(
              "methods",
              List.of("application_credential"),
              "application_credential",
              Map.of(
                  "id",
                  facts.get("application_credential_id"),
                  "secret",
                  facts.get("application_credential_secret"))));
    }
    Map<String, Object> user = named("user", "username");
    user.put("password", facts.get("password"));
    Map<String, Object> auth = new LinkedHashMap<>();
    auth.put("identity", Map.of("methods", List.of("password"), "password", Map.of("user", user)));
    if (has("project_id") || has("project_name")) {
      auth.put("scope", Map.of("project", named("project", "project_name")));
    }
    return auth;
  }

  /** By its id if that is given, else by its name in its domain. */
  private Map<String, Object> named(String what, String name) {
    Map<String, Object> named = new LinkedHashMap<>();
    if (has(what + "_id")) {
      named.put("id", facts.get(what + "_id"));
      return named;
    }
    named.put("name", facts.get(name));
    named.put(
        "domain",
        fact(what + "_domain_id")
            .<Map<String, Object>>map(id -> Map.of("id", id))
            .orElseGet(() -> Map.of("name", facts.getOrDefault(what + "_domain_name", "Default"))));
    return named;
  }
}
