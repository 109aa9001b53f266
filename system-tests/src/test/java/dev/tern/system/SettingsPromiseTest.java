package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Setting;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.bind.Name;
import org.springframework.context.annotation.ClassPathScanningCandidateComponentProvider;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.type.filter.AnnotationTypeFilter;

/**
 * {@code docs/settings.md} is made from the settings records; {@code -Dwrite.docs=true} writes it
 * anew.
 */
@DisplayName("docs/settings.md")
class SettingsPromiseTest {
  private static final Path PAGE = Path.of("..", "docs", "settings.md");

  private static final String HEAD =
      """
      # Settings

      Made from the settings records by `SettingsPromiseTest`. A setting is given in a configuration file, as an environment variable
      (`tern.agent.data` is `TERN_AGENT_DATA`), or with `-D key=value` to `./tern up`. A key under `tern.` that
      nobody knows stops the start. Every process also knows Spring Boot's own settings; the ones that matter are `server.address`,
      `server.port` and, where there is a database, `spring.datasource.url`, `.username` and `.password`.
      """;

  /** {@code value} and {@code prefix} are the same attribute; only Spring knows. */
  static String prefix(Class<?> type) {
    return java.util.Objects.requireNonNull(
            AnnotatedElementUtils.getMergedAnnotation(type, ConfigurationProperties.class))
        .prefix();
  }

  static List<? extends Class<?>> records() {
    var scanner = new ClassPathScanningCandidateComponentProvider(false);
    scanner.addIncludeFilter(new AnnotationTypeFilter(ConfigurationProperties.class));
    return scanner.findCandidateComponents("dev.tern").stream()
        .map(found -> {
          try {
            return Class.forName(java.util.Objects.requireNonNull(found.getBeanClassName()));
          } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
          }
        })
        .filter(Class::isRecord)
        .sorted(Comparator.comparing((Class<?> type) -> prefix(type)))
        .toList();
  }

  private static String page() {
    StringBuilder page = new StringBuilder(HEAD);
    for (Class<?> type : records()) {
      String prefix = prefix(type);
      page.append("\n## `")
          .append(prefix)
          .append("`\n\n| setting | default | what for |\n|---|---|---|\n");
      rows(page, prefix, type);
    }
    return page.toString();
  }

  /** A record in a record is a group of settings with a longer prefix. */
  private static void rows(StringBuilder page, String prefix, Class<?> type) {
    for (RecordComponent component : type.getRecordComponents()) {
      if (component.getType().isRecord() && !component.isAnnotationPresent(Setting.class)) {
        rows(page, prefix + "." + key(component), component.getType());
        continue;
      }
      Setting setting = component.getAnnotation(Setting.class);
      assertThat(setting)
          .as(type.getSimpleName() + "." + component.getName() + " has a @Setting sentence")
          .isNotNull();
      page.append("| `")
          .append(prefix)
          .append('.')
          .append(key(component))
          .append("` | ")
          .append(defaultOf(component))
          .append(" | ")
          .append(setting.value().replace("|", "\\|"))
          .append(" |\n");
    }
  }

  private static String key(RecordComponent component) {
    Name name = parameterAnnotation(component, Name.class);
    return name != null
        ? name.value()
        : component
            .getName()
            .replaceAll("([a-z0-9])([A-Z])", "$1-$2")
            .toLowerCase(java.util.Locale.ROOT);
  }

  private static String defaultOf(RecordComponent component) {
    DefaultValue value = parameterAnnotation(component, DefaultValue.class);
    return value == null
        ? "none"
        : value.value().length == 0 ? "empty" : "`" + String.join(", ", value.value()) + "`";
  }

  private static <A extends java.lang.annotation.Annotation>
      @org.jspecify.annotations.Nullable A parameterAnnotation(
          RecordComponent component, Class<A> type) {
    var constructor = component.getDeclaringRecord().getDeclaredConstructors()[0];
    return Arrays.stream(constructor.getParameters())
        .filter(parameter -> parameter.getName().equals(component.getName()))
        .map(parameter -> parameter.getAnnotation(type))
        .filter(java.util.Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  @Test
  void lists_every_setting_with_its_default_and_what_it_is_for() throws Exception {
    String page = page();
    if (Boolean.getBoolean("write.docs")) {
      Files.writeString(PAGE, page);
    }
    assertThat(PAGE).content().isEqualTo(page);
  }
}
