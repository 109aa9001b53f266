package dev.tern.contract.settings;

import java.lang.reflect.RecordComponent;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.ConfigurationPropertiesBean;
import org.springframework.context.ApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;

/**
 * Stops the start when a key that begins with {@code tern.} is known to no settings record of the
 * application: a misspelt setting would otherwise silently not be set. Imported by every
 * application.
 *
 * <p>Of environment variables only those of a group the application has ({@code TERN_AGENT_…}) are
 * looked at: machines set other {@code TERN_…} variables for other programs. Keys below {@code
 * tern.elsewhere} prefixes ({@code tern.elsewhere=tern.api,tern.agent}) are another application's
 * in the same process.
 */
public final class UnknownSettings implements SmartInitializingSingleton {
  private static final String OURS = "tern.";
  private static final String ELSEWHERE = "tern.elsewhere";

  private final ApplicationContext context;
  private final ConfigurableEnvironment environment;

  public UnknownSettings(ApplicationContext context, ConfigurableEnvironment environment) {
    this.context = context;
    this.environment = environment;
  }

  /**
   * @throws IllegalStateException naming every key that nobody knows
   */
  @Override
  public void afterSingletonsInstantiated() {
    Set<String> known = new TreeSet<>();
    Set<String> groups = new TreeSet<>();
    for (ConfigurationPropertiesBean bean : ConfigurationPropertiesBean.getAll(context).values()) {
      ConfigurationProperties annotation = bean.getAnnotation();
      Object record = bean.getInstance();
      String prefix = annotation.prefix().isEmpty() ? annotation.value() : annotation.prefix();
      if (record != null && prefix.startsWith(OURS) && record.getClass().isRecord()) {
        groups.add(prefix);
        collect(prefix, record.getClass(), known);
      }
    }
    Set<String> unknown = new TreeSet<>();
    for (PropertySource<?> source : environment.getPropertySources()) {
      if (source instanceof EnumerablePropertySource<?> listed) {
        boolean variables =
            StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME.equals(source.getName());
        for (String key : listed.getPropertyNames()) {
          if (variables ? strangeVariable(key, groups, known) : strangeKey(key, known)) {
            unknown.add(key);
          }
        }
      }
    }
    if (!unknown.isEmpty()) {
      throw new IllegalStateException(
          "Unknown settings: %s. Known are: %s."
              .formatted(String.join(", ", unknown), String.join(", ", known)));
    }
  }

  private static void collect(String prefix, Class<?> type, Set<String> known) {
    for (RecordComponent component : type.getRecordComponents()) {
      String key = prefix + "." + kebab(component.getName());
      if (component.getType().isRecord()) {
        collect(key, component.getType(), known);
      } else {
        known.add(key);
      }
    }
  }

  private static String kebab(String name) {
    return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
  }

  private boolean strangeKey(String key, Set<String> known) {
    if (!key.startsWith(OURS) || key.equals(ELSEWHERE)) {
      return false;
    }
    String plain = plain(key);
    return known.stream()
            .noneMatch(
                k -> plain(k).equals(plain) || key.startsWith(k + "[") || key.startsWith(k + "."))
        && elsewhere().stream().noneMatch(prefix -> key.startsWith(prefix + "."));
  }

  private static boolean strangeVariable(String name, Set<String> groups, Set<String> known) {
    return groups.stream().anyMatch(group -> name.startsWith(variable(group) + "_"))
        && known.stream().noneMatch(key -> name.equals(variable(key)));
  }

  private Set<String> elsewhere() {
    String listed = environment.getProperty(ELSEWHERE, "");
    return listed.isBlank() ? Set.of() : Set.of(listed.trim().split("\\s*,\\s*"));
  }

  /** Spring's relaxed names: dashes, underscores and capitals do not count. */
  private static String plain(String key) {
    return key.replace("-", "").replace("_", "").toLowerCase(Locale.ROOT);
  }

  private static String variable(String key) {
    return key.replace("-", "").replace('.', '_').toUpperCase(Locale.ROOT);
  }
}
