package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Setting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.context.annotation.ClassPathScanningCandidateComponentProvider;
import org.springframework.core.type.filter.AnnotationTypeFilter;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * There is not always a Docker engine; that the file fits the applications can be said without one.
 */
@DisplayName("docker-compose.yml")
class ComposePromiseTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  /** Names that are not Tern's own settings. */
  private static final Set<String> FOREIGN =
      Set.of(
          "SPRING_DATASOURCE_URL",
          "SPRING_DATASOURCE_USERNAME",
          "SPRING_DATASOURCE_PASSWORD",
          "SERVER_ADDRESS",
          "TERN_DB_URL",
          "TERN_DB_USER",
          "TERN_DB_PASSWORD");

  /** Ports of what is not ours, as its images have them. */
  private static final Map<String, Integer> FOREIGN_PORTS =
      Map.of("postgres", 5432, "rabbitmq", 5672);

  private static final Pattern URL = Pattern.compile("//(?:[^/@]*@)?([a-z0-9.-]+):(\\d+)");

  private final JsonNode services = yaml("docker-compose.yml").path("services");

  private static JsonNode yaml(String file) {
    try {
      LoaderOptions options = new LoaderOptions();
      options.setAllowDuplicateKeys(false);
      Object tree =
          new Yaml(new SafeConstructor(options)).load(Files.readString(ROOT.resolve(file)));
      return JsonMapper.builder().build().valueToTree(tree);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<String> ours() {
    return services.propertyNames().stream()
        .filter(name -> services.path(name).path("image").asString("").startsWith("tern/"))
        .toList();
  }

  /** Ours that go on running. */
  private List<String> processes() {
    return ours().stream().filter(name -> !name.equals("migrate")).toList();
  }

  /** Where a process listens by its own file of settings, the only place that says so. */
  private int ownPort(String service) {
    String module = services.path(service).path("build").path("args").path("MODULE").asString("");
    return Integer.parseInt(OwnSettings.of(module).require("server.port"));
  }

  @Test
  void runs_every_service_as_often_as_the_design_says() {
    assertThat(services.propertyNames())
        .contains(
            "postgres",
            "rabbitmq",
            "migrate",
            "api-1",
            "api-2",
            "conductor-1",
            "conductor-2",
            "scheduler-1",
            "scheduler-2",
            "agent-1",
            "agent-2");
  }

  @Test
  void sets_only_settings_that_exist() {
    Set<String> known = new HashSet<>(FOREIGN);
    known.addAll(settings());
    Set<String> unknown = new TreeSet<>();
    for (String service : ours()) {
      services.path(service).path("environment").propertyNames().stream()
          .filter(key -> !known.contains(key))
          .forEach(key -> unknown.add(service + ": " + key));
    }
    assertThat(unknown).isEmpty();
  }

  /** Every setting of every settings record, as an environment variable. */
  private static Set<String> settings() {
    var scanner = new ClassPathScanningCandidateComponentProvider(false);
    scanner.addIncludeFilter(new AnnotationTypeFilter(ConfigurationProperties.class));
    Set<String> names = new HashSet<>();
    scanner
        .findCandidateComponents("dev.tern")
        .forEach(found -> names.addAll(namesIn(Objects.requireNonNull(found.getBeanClassName()))));
    return names;
  }

  private static Set<String> namesIn(String className) {
    try {
      Class<?> type = Class.forName(className);
      String prefix = SettingsPromiseTest.prefix(type);
      return namesIn(prefix, type);
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Set<String> namesIn(String prefix, Class<?> type) {
    Set<String> names = new HashSet<>();
    for (RecordComponent component : type.getRecordComponents()) {
      String name =
          (prefix + "_" + component.getName())
              .replace('.', '_')
              .replace("-", "")
              .toUpperCase(java.util.Locale.ROOT);
      if (component.isAnnotationPresent(Setting.class)) {
        names.add(name);
      } else if (component.getType().isRecord()) {
        names.addAll(namesIn(name, component.getType()));
      }
    }
    return names;
  }

  @Test
  void builds_images_of_modules_that_are_executable() throws IOException {
    for (String service : ours()) {
      JsonNode build = services.path(service).path("build");
      String module = build.path("args").path("MODULE").asString("");
      assertThat(services.path(service).path("image").asString("")).isEqualTo("tern/" + module);
      assertThat(ROOT.resolve(module).resolve("pom.xml"))
          .content()
          .contains("spring-boot-maven-plugin");
      assertThat(ROOT.resolve(build.path("dockerfile").asString(""))).isRegularFile();
    }
  }

  @Test
  void publishes_ports_on_loopback_only() {
    for (JsonNode service : services) {
      for (JsonNode port : service.path("ports")) {
        assertThat(port.asString("")).startsWith("127.0.0.1:");
      }
    }
  }

  @Test
  void publishes_the_ports_that_the_processes_listen_on() {
    Set<String> published = new HashSet<>();
    for (String service : processes()) {
      for (JsonNode port : services.path(service).path("ports")) {
        String[] parts = port.asString("").split(":", -1);
        assertThat(parts[2]).as(service).isEqualTo(Integer.toString(ownPort(service)));
        assertThat(published.add(parts[1])).as(port + " is published once").isTrue();
      }
    }
    assertThat(published).hasSize(2);
  }

  @Test
  void asks_processes_whether_they_are_well_where_they_listen() {
    Pattern asked = Pattern.compile("(?:127\\.0\\.0\\.1|localhost)[:/](\\d+)");
    for (String service : processes()) {
      String check = services.path(service).path("healthcheck").path("test").toString();
      assertThat(asked.matcher(check).results().map(found -> found.group(1)))
          .as(service)
          .containsExactly(Integer.toString(ownPort(service)));
    }
  }

  @Test
  void names_others_by_the_ports_they_listen_on() {
    Set<String> named = new HashSet<>();
    for (String service : ours()) {
      for (JsonNode value : services.path(service).path("environment")) {
        URL.matcher(value.asString(""))
            .results()
            .forEach(url -> {
              String other = url.group(1);
              Integer port = FOREIGN_PORTS.get(other);
              assertThat(services.propertyNames()).as(service + " names it").contains(other);
              assertThat(url.group(2))
                  .as("port of %s in the environment of %s", other, service)
                  .isEqualTo(Integer.toString(port == null ? ownPort(other) : port));
              named.add(other);
            });
      }
    }
    assertThat(named).containsExactlyInAnyOrder("postgres", "rabbitmq", "api-1", "api-2");
  }

  @Test
  void scrapes_every_process_where_it_listens() {
    Set<String> targets = new TreeSet<>();
    for (JsonNode job : yaml("ops/prometheus/prometheus.yml").path("scrape_configs")) {
      for (JsonNode group : job.path("static_configs")) {
        group.path("targets").forEach(target -> targets.add(target.asString("")));
      }
    }
    assertThat(targets)
        .containsExactlyInAnyOrderElementsOf(
            processes().stream().map(name -> name + ":" + ownPort(name)).toList());
  }

  @Test
  void holds_no_password() throws IOException {
    assertThat(
            Files.readAllLines(ROOT.resolve("docker-compose.yml")).stream()
                .filter(line -> line.contains("PASSWORD:")))
        .allSatisfy(line -> assertThat(line).contains("${"));
  }
}
