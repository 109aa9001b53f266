package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.metrics.Metric;
import dev.tern.standalone.DemoStage;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** What Prometheus would get of services that are processes. */
final class RunningMetrics {
  /**
   * Those that come when it happens for the first time, which a quiet installation does not see.
   */
  private static final Set<Metric> WHEN_IT_HAPPENS =
      EnumSet.of(
          Metric.EVACUATIONS_ENDED,
          Metric.SCHEDULER_PLAN,
          Metric.DEAD_MESSAGES,
          Metric.MALFORMED_MESSAGES);

  private static final Pattern SERIES = Pattern.compile("(?m)^([a-zA-Z_:][a-zA-Z0-9_:]*)[{ ]");

  private final Set<String> scraped = new TreeSet<>();

  RunningMetrics(DemoStage stage, List<String> services) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      for (String service : services) {
        HttpResponse<String> answer =
            http.send(
                HttpRequest.newBuilder(stage.metrics(service)).build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(service).isEqualTo(200);
        SERIES.matcher(answer.body()).results().forEach(found -> scraped.add(found.group(1)));
      }
    }
  }

  /** All of the list, and none of ours that is not of it. */
  void mustBeThoseOfTheList() {
    Set<String> wanted = new TreeSet<>();
    Set<String> known = new TreeSet<>();
    for (Metric metric : Metric.values()) {
      known.addAll(metric.series());
      if (!WHEN_IT_HAPPENS.contains(metric)) {
        wanted.addAll(metric.series());
      }
    }
    assertThat(scraped).containsAll(wanted).contains("http_server_requests_seconds_count");
    assertThat(scraped.stream().filter(name -> name.startsWith("tern_"))).isSubsetOf(known);
  }
}
