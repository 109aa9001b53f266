package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.metrics.Metric;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What watches Tern asks for what Tern tells. */
@DisplayName("Alerts and dashboard")
class AlertsPromiseTest {
  private static final Path ROOT = Path.of("..");
  private static final Path ALERTS = ROOT.resolve("ops/prometheus/alerts.yml");
  private static final Path CASES = ROOT.resolve("ops/prometheus/alerts_test.yml");
  private static final Path DASHBOARD = ROOT.resolve("ops/grafana/tern.json");
  private static final Path RUNBOOK = ROOT.resolve("docs/operations.md");

  /** Prometheus's own, and Spring Boot's; what they are is not ours to say. */
  private static final Map<String, Set<String>> OTHERS =
      Map.of(
          "up", Set.of("job", "instance"),
          "http_server_requests_seconds_count", Set.of("status", "method", "uri"));

  private static final Set<String> WORDS =
      Set.of(
          "sum",
          "max",
          "min",
          "by",
          "rate",
          "increase",
          "and",
          "or",
          "unless",
          "absent",
          "histogram_quantile");

  private static final Pattern STRING = Pattern.compile("\"[^\"]*\"");
  private static final Pattern NAME = Pattern.compile("[a-zA-Z_][a-zA-Z0-9_]*");
  private static final Pattern SELECTOR = Pattern.compile("([a-z_]+)\\{([^}]*)}");
  private static final Pattern GROUPING = Pattern.compile("by \\(([^)]*)\\)");

  private static final Pattern INCREASE =
      Pattern.compile("increase\\(([a-z_]+)(\\{[^}]*})\\[([0-9]+[smhd])]\\)");

  private record Rule(String name, String expression) {}

  private static List<Rule> alerts() throws IOException {
    List<Rule> rules = new ArrayList<>();
    for (JsonNode group : yaml(ALERTS).path("groups")) {
      for (JsonNode rule : group.path("rules")) {
        rules.add(new Rule(rule.path("alert").asString(), rule.path("expr").asString()));
      }
    }
    return rules;
  }

  private static JsonNode yaml(Path file) throws IOException {
    Object read = new Yaml(new SafeConstructor(new LoaderOptions())).load(Files.readString(file));
    return new JsonMapper().valueToTree(read);
  }

  private static List<Rule> panels() throws IOException {
    List<Rule> rules = new ArrayList<>();
    for (JsonNode panel : new JsonMapper().readTree(Files.readString(DASHBOARD)).path("panels")) {
      for (JsonNode target : panel.path("targets")) {
        rules.add(new Rule(panel.path("title").asString(), target.path("expr").asString()));
      }
    }
    return rules;
  }

  private static Map<String, Set<String>> known() {
    Map<String, Set<String>> known = new HashMap<>(OTHERS);
    for (Metric metric : Metric.values()) {
      for (String series : metric.series()) {
        Set<String> labels = new HashSet<>(metric.labels());
        labels.addAll(Set.of("instance", "job"));
        if (metric.name().startsWith("AGENT_") || metric.name().startsWith("QUEUE_")) {
          labels.add("host");
        }
        if (series.endsWith("_bucket")) {
          labels.add("le");
        }
        known.put(series, labels);
      }
    }
    return known;
  }

  @Test
  void ask_for_metrics_and_labels_that_there_are() throws IOException {
    Map<String, Set<String>> known = known();
    List<Rule> all = Stream.concat(alerts().stream(), panels().stream()).toList();
    assertThat(all).hasSizeGreaterThan(40);
    for (Rule rule : all) {
      Set<String> labels = new TreeSet<>();
      Matcher selected = SELECTOR.matcher(rule.expression());
      while (selected.find()) {
        assertThat(known).as(rule.name()).containsKey(selected.group(1));
        for (String matcher : selected.group(2).split(",")) {
          String label = matcher.split("[=!~]", 2)[0].strip();
          assertThat(known.get(selected.group(1))).as(rule.name()).contains(label);
        }
      }
      Matcher grouped = GROUPING.matcher(rule.expression());
      while (grouped.find()) {
        labels.addAll(List.of(grouped.group(1).split(",\\s*")));
      }
      String bare =
          STRING
              .matcher(rule.expression().replaceAll("\\{[^}]*}", ""))
              .replaceAll("")
              .replaceAll("by \\([^)]*\\)", "")
              .replaceAll("\\[[0-9]+[smhd]]|offset [0-9]+[smhd]", "");
      Set<String> metrics = new TreeSet<>();
      NAME.matcher(bare).results().map(found -> found.group()).forEach(metrics::add);
      metrics.removeAll(WORDS);
      assertThat(metrics).as(rule.name()).isNotEmpty();
      for (String metric : metrics) {
        assertThat(known).as(rule.name()).containsKey(metric);
        assertThat(known.get(metric)).as(rule.name()).containsAll(labels);
      }
    }
  }

  /**
   * The series of a cause comes with the first failure of that cause, and for Prometheus that is no
   * increase. What such an expression comes to, promtool shows by the cases.
   */
  @Test
  void count_the_first_failure_of_each_cause() throws IOException {
    Map<String, Set<String>> known = known();
    Set<String> tried = new HashSet<>();
    for (JsonNode one : yaml(CASES).path("tests")) {
      one.path("alert_rule_test")
          .forEach(when -> {
            if (!when.path("exp_alerts").isEmpty()) {
              tried.add(when.path("alertname").asString());
            }
          });
    }
    List<String> found = new ArrayList<>();
    for (Rule rule : alerts()) {
      Matcher rise = INCREASE.matcher(rule.expression());
      while (rise.find()) {
        if (known.getOrDefault(rise.group(1), Set.of()).contains("cause")) {
          String series = rise.group(1) + rise.group(2);
          assertThat(rule.expression())
              .as(rule.name())
              .contains(
                  "(%1$s unless %1$s offset %2$s) or increase(%1$s[%2$s])"
                      .formatted(series, rise.group(3)));
          assertThat(tried).contains(rule.name());
          found.add(rule.name());
        }
      }
    }
    assertThat(found).containsExactly("TernMigrationsFail", "TernEvacuationFailed");
  }

  @Test
  void have_a_line_each_in_the_runbook() throws IOException {
    List<String> named = alerts().stream().map(Rule::name).toList();
    List<String> explained =
        Pattern.compile("(?m)^\\| `(Tern[A-Za-z]+)` \\| \\S.* \\|$")
            .matcher(Files.readString(RUNBOOK))
            .results()
            .map(found -> found.group(1))
            .toList();
    assertThat(explained).containsExactlyElementsOf(named);
  }

  /** Each leads to a heading of the page. */
  @Test
  void lead_to_parts_of_the_runbook_that_there_are() throws IOException {
    String page = Files.readString(RUNBOOK);
    Set<String> anchors = new HashSet<>();
    Pattern.compile("(?m)^#+ (.*)$")
        .matcher(page)
        .results()
        .map(found ->
            found
                .group(1)
                .toLowerCase(java.util.Locale.ROOT)
                .replaceAll("[^a-z0-9 -]", "")
                .replace(' ', '-'))
        .forEach(anchors::add);
    Pattern.compile("\\]\\(#([^)]+)\\)")
        .matcher(page)
        .results()
        .forEach(link -> assertThat(anchors).contains(link.group(1)));
    for (JsonNode group : yaml(ALERTS).path("groups")) {
      for (JsonNode rule : group.path("rules")) {
        assertThat(rule.path("annotations").path("runbook").asString())
            .isEqualTo("docs/operations.md#alerts");
        assertThat(rule.path("annotations").path("summary").asString()).isNotBlank();
        assertThat(rule.path("labels").path("severity").asString())
            .isIn("critical", "warning", "info");
      }
    }
  }
}
