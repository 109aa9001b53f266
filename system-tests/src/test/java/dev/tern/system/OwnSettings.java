package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.boot.env.PropertiesPropertySourceLoader;
import org.springframework.boot.env.PropertySourceLoader;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySourcesPropertyResolver;
import org.springframework.core.io.FileSystemResource;

/**
 * The settings a process brings itself: the file {@code tern-*} of its module, read as Spring does.
 */
final class OwnSettings {
  /** The modules that are processes with settings. */
  static final List<String> MODULES =
      List.of("compute-api", "conductor", "scheduler", "compute-agent");

  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  private final PropertySourcesPropertyResolver properties;

  private OwnSettings(PropertySourcesPropertyResolver properties) {
    this.properties = properties;
  }

  static OwnSettings of(String module) {
    try (Stream<Path> files = Files.list(ROOT.resolve(module).resolve("src/main/resources"))) {
      List<Path> own = files.filter(OwnSettings::isSettings).toList();
      assertThat(own).as("files of settings of " + module).hasSize(1);
      PropertySourceLoader loader =
          own.getFirst().toString().endsWith(".yml")
              ? new YamlPropertySourceLoader()
              : new PropertiesPropertySourceLoader();
      MutablePropertySources sources = new MutablePropertySources();
      loader.load(module, new FileSystemResource(own.getFirst())).forEach(sources::addLast);
      return new OwnSettings(new PropertySourcesPropertyResolver(sources));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Its value; fails when the file does not give it. */
  String require(String key) {
    return properties.getRequiredProperty(key);
  }

  private static boolean isSettings(Path file) {
    return file.getFileName().toString().startsWith("tern-");
  }
}
