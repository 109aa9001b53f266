package dev.tern.agent;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** The token of this agent at the image service: got by a login, and again before it ends. */
final class ImageToken {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int LARGEST = 1 << 20;
  private static final Duration BEFORE_ITS_END = Duration.ofMinutes(1);

  private final HttpClient http;
  private final ImageIdentity identity;
  private final Clock clock;
  private final URI tokens;

  /** Guards {@link #now}; one login is enough for all who wait. */
  private final ReentrantLock login = new ReentrantLock();

  private @Nullable Got now;

  private record Got(String token, Instant until) {
    @Override
    public String toString() {
      return "a token until " + until;
    }
  }

  /** There is no token; the message says why, without any secret. */
  static final class NoTokenException extends IOException {
    private static final long serialVersionUID = 1L;

    NoTokenException(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /** Logs in nowhere yet. */
  ImageToken(HttpClient http, ImageIdentity identity, URI authUrl, Clock clock) {
    this.http = http;
    this.identity = identity;
    this.clock = clock;
    String base = authUrl.toString().replaceFirst("/+$", "");
    this.tokens = URI.create((base.endsWith("/v3") ? base : base + "/v3") + "/auth/tokens");
  }

  /**
   * A token that is not known to be over.
   *
   * @param refused one that the image service refused, which is not given again
   * @throws NoTokenException when the login fails
   */
  String get(@Nullable String refused) throws NoTokenException, InterruptedException {
    login.lockInterruptibly();
    try {
      Got got = now;
      if (got == null || got.token().equals(refused) || !clock.instant().isBefore(got.until())) {
        now = null;
        got = logIn();
        now = got;
      }
      return got.token();
    } finally {
      login.unlock();
    }
  }

  private Got logIn() throws NoTokenException, InterruptedException {
    HttpResponse<byte[]> answer =
        send(
            HttpRequest.newBuilder(tokens)
                .header("Content-Type", "application/json")
                .header("Accept", "application/json")
                .timeout(identity.deadline())
                .POST(BodyPublishers.ofString(JSON.writeValueAsString(Map.of("auth", auth()))))
                .build());
    String token = answer.headers().firstValue("X-Subject-Token").orElse("");
    if (answer.statusCode() != 201 || !token.matches("[\\x21-\\x7e]{1,8192}")) {
      throw new NoTokenException(
          "the login of %s at %s is answered with status %d"
              .formatted(who(), tokens, answer.statusCode()),
          null);
    }
    return new Got(token, until(answer.body()));
  }

  private Instant until(byte[] body) throws NoTokenException {
    try {
      return Instant.parse(JSON.readTree(body).path("token").path("expires_at").asString(""))
          .minus(BEFORE_ITS_END);
    } catch (JacksonException | DateTimeException e) {
      // Not as its cause: that may quote what it could not read.
      throw new NoTokenException(
          "the login at %s is answered with something that cannot be read".formatted(tokens), null);
    }
  }

  private HttpResponse<byte[]> send(HttpRequest request)
      throws NoTokenException, InterruptedException {
    // A request's own timeout ends with the headers; this one covers the body, too.
    CompletableFuture<HttpResponse<byte[]>> answer =
        http.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), LARGEST));
    try {
      return answer.get(identity.deadline().toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new NoTokenException(
          "the login at %s took longer than %s".formatted(tokens, identity.deadline()), e);
    } catch (ExecutionException e) {
      throw new NoTokenException("no login at %s is possible".formatted(tokens), e.getCause());
    } finally {
      answer.cancel(true);
    }
  }

  private String who() {
    return identity
        .username()
        .map(name -> "user " + name)
        .orElseGet(() -> "application credential " + identity.applicationCredentialId().orElse(""));
  }

  private Map<String, Object> auth() throws NoTokenException {
    if (identity.username().isEmpty()) {
      return Map.of(
          "identity",
          Map.of(
              "methods",
              List.of("application_credential"),
              "application_credential",
              Map.of(
                  "id",
                  identity.applicationCredentialId().orElseThrow(),
                  "secret",
                  secret(identity.applicationCredentialSecretFile().orElseThrow()))));
    }
    Map<String, Object> user =
        Map.of(
            "name",
            identity.username().get(),
            "domain",
            Map.of("name", identity.userDomain()),
            "password",
            secret(identity.passwordFile().orElseThrow()));
    Map<String, Object> project =
        Map.of("name", identity.project(), "domain", Map.of("name", identity.projectDomain()));
    return Map.of(
        "identity",
        Map.of("methods", List.of("password"), "password", Map.of("user", user)),
        "scope",
        Map.of("project", project));
  }

  private static String secret(String file) throws NoTokenException {
    try {
      return Files.readString(Path.of(file)).strip();
    } catch (IOException e) {
      throw new NoTokenException("%s with the agent's secret cannot be read".formatted(file), e);
    }
  }
}
