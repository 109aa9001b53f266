package dev.tern.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.store.ForecastSettings;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.context.annotation.ClassPathScanningCandidateComponentProvider;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.type.filter.AnnotationTypeFilter;

@DisplayName("Settings that are given to all services at once")
class ServiceSettingsTest {
  private static Set<Service> having(Class<?> settings) {
    if (settings == ForecastSettings.class) {
      return EnumSet.of(Service.API, Service.CONDUCTOR);
    }
    EnumSet<Service> all = EnumSet.allOf(Service.class);
    return settings.getPackageName().startsWith("dev.tern.contract.")
        ? all
        : EnumSet.copyOf(
            all.stream()
                .filter(service ->
                    (settings.getPackageName() + ".")
                        .startsWith("dev.tern." + service.word() + "."))
                .toList());
  }

  @Test
  void go_to_those_that_have_them_and_to_no_other() throws ClassNotFoundException {
    var scanner = new ClassPathScanningCandidateComponentProvider(false);
    scanner.addIncludeFilter(new AnnotationTypeFilter(ConfigurationProperties.class));
    Set<BeanDefinition> found = scanner.findCandidateComponents("dev.tern");
    assertThat(found).hasSizeGreaterThan(15);
    for (BeanDefinition each : found) {
      Class<?> settings = Class.forName(Objects.requireNonNull(each.getBeanClassName()));
      String prefix =
          Objects.requireNonNull(
                  AnnotatedElementUtils.getMergedAnnotation(
                      settings, ConfigurationProperties.class))
              .prefix();
      for (Service service : Service.values()) {
        assertThat(StandaloneForm.isForAnother(service, prefix + ".some"))
            .as("%s is kept from the %s", prefix, service.word())
            .isEqualTo(!having(settings).contains(service));
      }
    }
  }
}
