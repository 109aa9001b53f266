package dev.tern.client;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Requests and answers. Every request has a deadline. One that changes something carries an
 * Idempotency-Key, and is sent once more with the same key when its answer got lost.
 */
final class Rest {
  /** A live migration is answered at once from 2.34 on, and checked in the background. */
  static final String USUAL_VERSION = "2.80";

  private static final Duration CONNECT = Duration.ofSeconds(5);

  /** More than the longest time the API itself waits for anything, which is a minute. */
  private static final Duration ANSWER = Duration.ofSeconds(90);

  private static final int LARGEST = 64 << 20;
  private static final int UNAUTHORIZED = 401;
  private static final int CONFLICT = 409;
  private static final int NOT_IMPLEMENTED = 501;
  private static final int TRIES = 12;
  private static final long LONGEST_RETRY_SECONDS = 5;

  private final Endpoint endpoint;
  private final Pace pace;
  private final Supplier<UUID> newIds;
  private final Optional<Login> login;
  private final HttpClient http;
  private final JsonMapper json = JsonMapper.builder().build();

  /** What is sent now: the endpoint's, or of a later login. */
  private volatile Optional<String> token;

  /**
   * @param login to get another token when the endpoint's is good no longer, as in a long wait
   */
  Rest(Endpoint endpoint, Optional<Login> login, Trust trust, Pace pace, Supplier<UUID> newIds) {
    this.endpoint = endpoint;
    this.token = endpoint.token();
    this.login = login;
    this.pace = pace;
    this.newIds = newIds;
    this.http = trust.client().connectTimeout(CONNECT).build();
  }

  /** What came back: a status of success, and the body, {@code null} node when there was none. */
  record Answer(int status, JsonNode body) {}

  /** The path below Nova's API. */
  String compute(String path) {
    return endpoint.compute() + path;
  }

  /**
   * A part of a path as it goes into one.
   *
   * @throws RefusedException when it can be none
   */
  static String segment(String what, String text) throws RefusedException {
    if (text.isEmpty() || text.equals(".") || text.equals("..")) {
      throw new RefusedException(0, "'%s' is no %s.".formatted(text, what));
    }
    return query(text).replace("+", "%20");
  }

  static String query(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  JsonNode get(String path) throws IOException, InterruptedException {
    return ask(path).body();
  }

  /**
   * As {@link #get}, with the status.
   *
   * @throws RefusedException with the API's reason
   * @throws NoAnswerException when no answer came, or none that can be read
   */
  Answer ask(String path) throws IOException, InterruptedException {
    return read(send(request("GET", path, null, USUAL_VERSION)), path);
  }

  JsonNode post(String path, Object body) throws IOException, InterruptedException {
    return change("POST", path, body, USUAL_VERSION);
  }

  JsonNode patch(String path, Object body) throws IOException, InterruptedException {
    return change("PATCH", path, body, USUAL_VERSION);
  }

  /** Done once, however often it has to be sent. */
  JsonNode change(String method, String path, Object body, String version)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(request(method, path, body, version), (name, value) -> true)
            .header("Idempotency-Key", newIds.get().toString())
            .build();
    boolean again = false;
    for (int attempt = 1; ; attempt++) {
      try {
        HttpResponse<byte[]> answer = send(request);
        Optional<String> later = answer.headers().firstValue("Retry-After");
        // The first sending is under way still; it is not somebody else's.
        if (again && answer.statusCode() == CONFLICT && later.isPresent() && attempt < TRIES) {
          pace.pause(Duration.ofSeconds(seconds(later.get())));
          continue;
        }
        return read(answer, path).body();
      } catch (NoAnswerException e) {
        if (again || !lost(e)) {
          throw e;
        }
        again = true;
      }
    }
  }

  /** Sent, perhaps, and not answered: the case for the key. */
  private static boolean lost(NoAnswerException e) {
    return e.getCause() instanceof TimeoutException
        || (e.getCause() instanceof IOException && !unreachable(e.getCause()));
  }

  private static boolean unreachable(Throwable cause) {
    return cause instanceof ConnectException || cause instanceof HttpConnectTimeoutException;
  }

  private static long seconds(String text) {
    return text.matches("[0-9]{1,6}")
        ? Math.clamp(Long.parseLong(text), 1, LONGEST_RETRY_SECONDS)
        : 1;
  }

  private HttpRequest request(String method, String path, @Nullable Object body, String version) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(endpoint.root() + path))
            .header("Accept", "application/json")
            .header("OpenStack-API-Version", "compute " + version)
            .method(
                method,
                body == null
                    ? BodyPublishers.noBody()
                    : BodyPublishers.ofString(json.writeValueAsString(body)));
    if (body != null) {
      request.header("Content-Type", "application/json");
    }
    return request.build();
  }

  private HttpResponse<byte[]> send(HttpRequest request) throws IOException, InterruptedException {
    HttpResponse<byte[]> answer = sendOnce(request);
    if (answer.statusCode() != UNAUTHORIZED || login.isEmpty()) {
      return answer;
    }
    token = Optional.of(login.get().logIn().token());
    return sendOnce(request);
  }

  private HttpResponse<byte[]> sendOnce(HttpRequest plain)
      throws NoAnswerException, InterruptedException {
    HttpRequest.Builder builder = HttpRequest.newBuilder(plain, (name, value) -> true);
    token.ifPresent(given -> builder.header("X-Auth-Token", given));
    HttpRequest request = builder.build();
    // A request's own timeout ends with the headers; this one covers the body, too.
    CompletableFuture<HttpResponse<byte[]>> answer =
        http.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), LARGEST));
    try {
      return answer.get(ANSWER.toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new NoAnswerException(
          "%s did not answer within %d s.".formatted(request.uri(), ANSWER.toSeconds()), e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new NoAnswerException(
          unreachable(cause)
              ? "Nobody answers at %s. Is Tern up there? TERN_ENDPOINT says where it is."
                  .formatted(endpoint.root())
              : "The answer to %s %s got lost (%s)."
                  .formatted(request.method(), request.uri(), cause),
          cause);
    } finally {
      answer.cancel(true);
    }
  }

  private Answer read(HttpResponse<byte[]> answer, String path)
      throws RefusedException, NoAnswerException {
    int status = answer.statusCode();
    JsonNode body;
    try {
      body = answer.body().length == 0 ? json.nullNode() : json.readTree(answer.body());
    } catch (JacksonException e) {
      throw new NoAnswerException(
          "%s%s was answered with status %d and something that is not JSON. Is it Tern's?"
              .formatted(endpoint.root(), path, status),
          e);
    }
    if (status / 100 == 2) {
      return new Answer(status, body);
    }
    String reason =
        reason(body)
            .orElse(
                "%s%s was answered with status %d and no reason. Is the endpoint right?"
                    .formatted(endpoint.root(), path, status));
    if (status / 100 == 5 && status != NOT_IMPLEMENTED) {
      throw new NoAnswerException("%s (status %d)".formatted(reason, status), null);
    }
    throw new RefusedException(status, reason);
  }

  /** Of {@code {"conflictingRequest": {"code": 409, "message": …}}}, whatever its name. */
  private static Optional<String> reason(JsonNode body) {
    for (Map.Entry<String, JsonNode> error : body.properties()) {
      JsonNode message = error.getValue().path("message");
      if (message.isString()) {
        return Optional.of(message.stringValue());
      }
    }
    return Optional.empty();
  }
}
