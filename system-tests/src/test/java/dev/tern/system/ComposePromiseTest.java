package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Setting;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
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
          "SERVER_PORT",
          "TERN_DB_URL",
          "TERN_DB_USER",
          "TERN_DB_PASSWORD");

  private final JsonNode services = services();

  private static JsonNode services() {
    try {
      Object file =
          new Yaml(new SafeConstructor(new LoaderOptions()))
              .load(Files.readString(ROOT.resolve("docker-compose.yml")));
      JsonNode tree = JsonMapper.builder().build().valueToTree(file);
      return tree.path("services");
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private List<String> ours() {
    return services.propertyNames().stream()
        .filter(name -> services.path(name).path("image").asString("").startsWith("tern/"))
        .toList();
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
  void scrapes_every_process_that_has_metrics() throws IOException {
    String targets = Files.readString(ROOT.resolve("docker/prometheus.yml"));
    Set<String> processes =
        ours().stream().filter(name -> !name.equals("migrate")).collect(Collectors.toSet());
    assertThat(processes).allSatisfy(name -> assertThat(targets).contains(name + ":"));
  }

  @Test
  void holds_no_password() throws IOException {
    assertThat(
            Files.readAllLines(ROOT.resolve("docker-compose.yml")).stream()
                .filter(line -> line.contains("PASSWORD:")))
        .allSatisfy(line -> assertThat(line).contains("${"));
  }
}
