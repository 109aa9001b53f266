package dev.tern.bench;

import dev.tern.bench.ApiReport.Line;
import dev.tern.bench.ApiReport.Times;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Asks two APIs the same in turn, one with few servers and one with many. */
final class ApiBench {
  private static final JsonMapper JSON = new JsonMapper();

  /** What is asked; a list unless it moves a server. */
  private record Asked(String name, String path, String version, boolean moves) {}

  private static final List<Asked> ALL =
      List.of(
          list("/v2.1/servers/detail?all_tenants=1&limit=100"),
          list("/v2.1/servers/detail?all_tenants=1&limit=1000"),
          new Asked("os-migrateLive", "/v2.1/servers/%s/action", "2.34", true),
          list("/v2.1/os-migrations?limit=100"),
          list("/v2.1/os-migrations"));

  private static Asked list(String path) {
    return new Asked("GET " + path.replace("all_tenants=1&", ""), path, "2.96", false);
  }

  private record One(double millis, int rows) {}

  private final ApiCloud few;
  private final ApiCloud many;
  private final HttpClient client = HttpClient.newHttpClient();

  ApiBench(ApiCloud few, ApiCloud many) {
    this.few = few;
    this.many = many;
  }

  /**
   * Measures. Each round moves another server of either.
   *
   * @throws IOException when an answer is another than it should be; then nothing is told
   */
  ApiReport run(int warmUps, int rounds, long seed) throws IOException, InterruptedException {
    Map<Asked, List<One>> ofFew = new HashMap<>();
    Map<Asked, List<One>> ofMany = new HashMap<>();
    Random random = new Random(seed);
    for (int round = 1; round <= warmUps + rounds; round++) {
      List<Asked> order = new ArrayList<>(ALL);
      Collections.shuffle(order, random);
      for (Asked asked : order) {
        boolean fewFirst = random.nextBoolean();
        One first = ask(fewFirst ? few : many, asked, round);
        One second = ask(fewFirst ? many : few, asked, round);
        if (round > warmUps) {
          ofFew.computeIfAbsent(asked, _ -> new ArrayList<>()).add(fewFirst ? first : second);
          ofMany.computeIfAbsent(asked, _ -> new ArrayList<>()).add(fewFirst ? second : first);
        }
      }
    }
    return new ApiReport(
        few.servers(),
        many.servers(),
        rounds,
        ALL.stream()
            .map(asked ->
                Line.of(
                    asked.name(),
                    times(ofFew.getOrDefault(asked, List.of())),
                    times(ofMany.getOrDefault(asked, List.of()))))
            .toList());
  }

  private static Times times(List<One> all) {
    return Times.of(all.getLast().rows(), all.stream().mapToDouble(One::millis).sorted().toArray());
  }

  private One ask(ApiCloud cloud, Asked asked, int round) throws IOException, InterruptedException {
    var request =
        cloud
            .to(asked.path().formatted(cloud.server(round)))
            .header("OpenStack-API-Version", "compute " + asked.version());
    if (asked.moves()) {
      request.POST(
          BodyPublishers.ofString(
              "{\"os-migrateLive\": {\"host\": null, \"block_migration\": \"auto\"}}"));
    }
    long start = System.nanoTime();
    HttpResponse<byte[]> answer = client.send(request.build(), BodyHandlers.ofByteArray());
    double millis = (System.nanoTime() - start) / 1e6;
    if (answer.statusCode() != (asked.moves() ? 202 : 200)) {
      throw new IOException(
          "%s is answered %d: %s"
              .formatted(
                  asked.name(),
                  answer.statusCode(),
                  new String(answer.body(), java.nio.charset.StandardCharsets.UTF_8)));
    }
    return new One(millis, asked.moves() ? 1 : rows(answer.body()));
  }

  private static int rows(byte[] body) {
    return JSON.readTree(body).valueStream().mapToInt(JsonNode::size).max().orElse(0);
  }
}
