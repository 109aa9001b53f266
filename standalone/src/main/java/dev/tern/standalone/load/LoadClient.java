package dev.tern.standalone.load;

import dev.tern.contract.Pause;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A client that goes on asking while the API, or what it needs, is dead. */
final class LoadClient {
  private static final Duration DEADLINE = Duration.ofSeconds(10);
  private static final Duration AGAIN = Duration.ofMillis(300);
  private static final long LONGEST_MILLIS = 180_000;

  private final Supplier<Optional<URI>> api;
  private final Pause pause;
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
  private final JsonMapper json = JsonMapper.builder().build();

  LoadClient(Supplier<Optional<URI>> api, Pause pause) {
    this.api = api;
    this.pause = pause;
  }

  /** What was answered. */
  record Answer(int status, JsonNode body) {
    boolean good() {
      return status / 100 == 2;
    }
  }

  JsonNode get(String path) throws IOException, InterruptedException {
    Answer answer = send("GET", path, HttpRequest.BodyPublishers.noBody(), Map.of());
    if (!answer.good()) {
      throw new IOException("GET %s was answered %s".formatted(path, answer));
    }
    return answer.body();
  }

  /** Sent until it is answered, with the same key each time: it is done once. */
  Answer post(String path, Object body, String key) throws IOException, InterruptedException {
    return send(
        "POST",
        path,
        HttpRequest.BodyPublishers.ofString(json.writeValueAsString(body)),
        Map.of("Content-Type", "application/json", "Idempotency-Key", key));
  }

  Answer put(String path, byte[] bytes) throws IOException, InterruptedException {
    return send(
        "PUT",
        path,
        HttpRequest.BodyPublishers.ofByteArray(bytes),
        Map.of("Content-Type", "application/octet-stream"));
  }

  private Answer send(
      String method, String path, HttpRequest.BodyPublisher body, Map<String, String> headers)
      throws IOException, InterruptedException {
    String last = "nothing";
    long end = System.nanoTime() + LONGEST_MILLIS * 1_000_000;
    while (System.nanoTime() < end) {
      Optional<URI> now = api.get();
      if (now.isPresent()) {
        try {
          HttpRequest.Builder request =
              HttpRequest.newBuilder(now.get().resolve(path))
                  .timeout(DEADLINE)
                  .header("OpenStack-API-Version", "compute 2.50")
                  .method(method, body);
          headers.forEach(request::header);
          HttpResponse<String> answer =
              http.send(request.build(), HttpResponse.BodyHandlers.ofString());
          last = answer.statusCode() + " " + answer.body();
          boolean underWay =
              answer.statusCode() == 409 && answer.headers().firstValue("Retry-After").isPresent();
          if (answer.statusCode() < 500 && !underWay) {
            return new Answer(
                answer.statusCode(),
                answer.body().isBlank() ? json.nullNode() : json.readTree(answer.body()));
          }
        } catch (IOException e) {
          last = String.valueOf(e); // it was killed, or is not there yet
        }
      }
      pause.of(AGAIN);
    }
    throw new IOException("%s %s was never answered; last: %s".formatted(method, path, last));
  }
}
