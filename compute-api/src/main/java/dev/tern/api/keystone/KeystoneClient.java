package dev.tern.api.keystone;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Asks a Keystone v3 about tokens, as a service user whose own token it renews. */
final class KeystoneClient {
  private static final int LARGEST = 1 << 20;
  private static final Duration BEFORE_ITS_END = Duration.ofMinutes(1);

  private final KeystoneSettings settings;
  private final Clock clock;
  private final URI tokens;
  private final HttpClient http;
  private final JsonMapper json = JsonMapper.builder().build();

  /** Guards {@link #own}; one login is enough for all who wait. */
  private final ReentrantLock login = new ReentrantLock();

  private @Nullable Own own;

  private record Own(String token, Instant until) {}

  /** Nobody knows whether the token is good. */
  static final class SilentException extends Exception {
    private static final long serialVersionUID = 1L;

    SilentException(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /**
   * Asks nobody yet.
   *
   * @throws IllegalStateException when the settings do not say where Keystone is, or as whom to ask
   */
  KeystoneClient(KeystoneSettings settings, Clock clock) {
    this.settings = settings;
    this.clock = clock;
    this.tokens = URI.create(base(settings) + "/auth/tokens");
    boolean named = settings.username().isPresent() && settings.password().isPresent();
    boolean credential =
        settings.applicationCredentialId().isPresent()
            && settings.applicationCredentialSecret().isPresent();
    if (named == credential) {
      throw new IllegalStateException(
          "With tern.api.auth=keystone this API needs a user of its own: give tern.api.keystone.username and .password, or .application-credential-id and .application-credential-secret.");
    }
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(settings.deadline())
            .build();
  }

  static String base(KeystoneSettings settings) {
    String url =
        settings
            .url()
            .filter(given -> given.matches("https?://[^/?#\\s\"]+(/[^?#\\s\"]*)?"))
            .orElseThrow(() ->
                new IllegalStateException(
                    "With tern.api.auth=keystone, tern.api.keystone.url has to say where Keystone is, as https://host:5000/v3."))
            .replaceFirst("/+$", "");
    return url.endsWith("/v3") ? url : url + "/v3";
  }

  /**
   * What Keystone says of a token; nothing when it is unknown, expired or revoked.
   *
   * @throws SilentException when Keystone cannot be asked
   */
  Optional<JsonNode> validate(String token, boolean evenExpired) throws SilentException {
    HttpResponse<byte[]> answer = ask(token, evenExpired, ownToken(Optional.empty()));
    if (answer.statusCode() == 401) {
      answer = ask(token, evenExpired, ownToken(Optional.of(clock.instant())));
    }
    return switch (answer.statusCode()) {
      case 200 -> Optional.of(read(answer).path("token"));
      case 404 -> Optional.empty();
      default ->
          throw new SilentException(
              "Keystone answered a question about a token with status %d; may the service user %s ask?"
                  .formatted(answer.statusCode(), settings.username().orElse("of the credential")),
              null);
    };
  }

  private HttpResponse<byte[]> ask(String token, boolean evenExpired, String asker)
      throws SilentException {
    URI uri = evenExpired ? URI.create(tokens + "?allow_expired=1") : tokens;
    return send(
        HttpRequest.newBuilder(uri)
            .header("X-Auth-Token", asker)
            .header("X-Subject-Token", token)
            .GET());
  }

  /** The service user's token; another than the one that was refused, if one was. */
  private String ownToken(Optional<Instant> refusedAt) throws SilentException {
    Own before = own();
    try {
      if (!login.tryLock(settings.deadline().toMillis(), TimeUnit.MILLISECONDS)) {
        throw new SilentException("the login at Keystone takes too long", null);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SilentException("interrupted", e);
    }
    try {
      boolean renewedMeanwhile = !Objects.equals(own, before);
      if (own != null
          && clock.instant().isBefore(own.until())
          && (refusedAt.isEmpty() || renewedMeanwhile)) {
        return own.token();
      }
      own = null;
      own = logIn();
      return own.token();
    } finally {
      login.unlock();
    }
  }

  @SuppressWarnings("GuardedBy")
  private @Nullable Own own() {
    return own;
  }

  private Own logIn() throws SilentException {
    HttpResponse<byte[]> answer =
        send(
            HttpRequest.newBuilder(tokens)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json.writeValueAsString(loginBody()))));
    Optional<String> token = answer.headers().firstValue("X-Subject-Token");
    if (answer.statusCode() != 201 || token.isEmpty()) {
      throw new SilentException(
          "Keystone refused the service user's login with status " + answer.statusCode(), null);
    }
    Instant until =
        instant(read(answer).path("token").path("expires_at"))
            .orElse(clock.instant())
            .minus(BEFORE_ITS_END);
    return new Own(token.get(), until);
  }

  private Map<String, Object> loginBody() {
    if (settings.applicationCredentialId().isPresent()) {
      Map<String, Object> credential =
          Map.of(
              "id", settings.applicationCredentialId().get(),
              "secret", settings.applicationCredentialSecret().orElseThrow());
      return Map.of(
          "auth",
          Map.of(
              "identity",
              Map.of(
                  "methods",
                  java.util.List.of("application_credential"),
                  "application_credential",
                  credential)));
    }
    Map<String, Object> user =
        Map.of(
            "name", settings.username().orElseThrow(),
            "domain", Map.of("name", settings.userDomain()),
            "password", settings.password().orElseThrow());
    Map<String, Object> project =
        Map.of("name", settings.project(), "domain", Map.of("name", settings.projectDomain()));
    return Map.of(
        "auth",
        Map.of(
            "identity",
            Map.of("methods", java.util.List.of("password"), "password", Map.of("user", user)),
            "scope",
            Map.of("project", project)));
  }

  static Optional<Instant> instant(JsonNode time) {
    try {
      return time.isString() ? Optional.of(Instant.parse(time.stringValue())) : Optional.empty();
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  private HttpResponse<byte[]> send(HttpRequest.Builder request) throws SilentException {
    // A request's own timeout ends with the headers; this one covers the body, too.
    CompletableFuture<HttpResponse<byte[]>> answer =
        http.sendAsync(
            request.header("Accept", "application/json").timeout(settings.deadline()).build(),
            BodyHandlers.limiting(BodyHandlers.ofByteArray(), LARGEST));
    try {
      return answer.get(settings.deadline().toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new SilentException("Keystone did not answer within " + settings.deadline(), e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() instanceof IOException io ? io : e;
      throw new SilentException("Keystone cannot be reached: " + cause.getMessage(), cause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SilentException("interrupted", e);
    } finally {
      answer.cancel(true);
    }
  }

  private JsonNode read(HttpResponse<byte[]> answer) throws SilentException {
    try {
      return json.readTree(answer.body());
    } catch (JacksonException e) {
      // Not as its cause: that may quote what it could not read.
      throw new SilentException("Keystone answered with something that is not JSON", null);
    }
  }
}
