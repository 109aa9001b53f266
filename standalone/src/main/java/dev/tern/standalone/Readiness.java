package dev.tern.standalone;

import dev.tern.contract.Pause;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Waits until the API says that hosts are up, so that the first request a user types finds
 * somewhere to go.
 */
final class Readiness {
  private static final Duration DEADLINE = Duration.ofMinutes(5);
  private static final Duration LOOK = Duration.ofMillis(250);

  private final URI api;
  private final Pause pause;
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();

  Readiness(URI api, Pause pause) {
    this.api = api;
    this.pause = pause;
  }

  /**
   * Returns when {@code count} hosts are up.
   *
   * @throws IOException naming what the API said last
   */
  void awaitHosts(int count) throws IOException, InterruptedException {
    long end = System.nanoTime() + DEADLINE.toNanos();
    String last = "nothing";
    while (System.nanoTime() < end) {
      try {
        HttpResponse<String> answer =
            http.send(
                HttpRequest.newBuilder(api.resolve("v2.1/os-hypervisors"))
                    .timeout(Duration.ofSeconds(5))
                    .build(),
                BodyHandlers.ofString());
        last = answer.body();
        if (answer.statusCode() == 200 && up(last) >= count) {
          return;
        }
      } catch (IOException e) {
        // Not listening yet; what it says at the deadline is reported.
        last = String.valueOf(e.getMessage());
      }
      pause.of(LOOK);
    }
    throw new IOException(
        "%d hosts were not up within %d s; the API said last: %s"
            .formatted(count, DEADLINE.toSeconds(), last));
  }

  private static int up(String body) {
    int up = 0;
    for (JsonNode hypervisor : JsonMapper.builder().build().readTree(body).path("hypervisors")) {
      if (hypervisor.path("state").asString("").equals("up")) {
        up++;
      }
    }
    return up;
  }
}
