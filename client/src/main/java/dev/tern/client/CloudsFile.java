package dev.tern.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/** {@code clouds.yaml}, where OpenStack's clients look for it. */
final class CloudsFile {
  private CloudsFile() {}

  /**
   * How to log in at the cloud that an environment names, or at the file's only one.
   *
   * @return what the file says under {@code auth}, {@code region_name}, and whom to trust
   * @throws IllegalArgumentException when there is no such file or cloud, or it cannot be read
   */
  static Map<String, String> find(Map<String, String> environment) {
    Path file = file(environment);
    Map<?, ?> clouds = map(read(file).get("clouds"));
    String name =
        Optional.ofNullable(environment.get("OS_CLOUD"))
            .filter(given -> !given.isBlank())
            .or(() ->
                clouds.size() == 1
                    ? Optional.of(String.valueOf(clouds.keySet().iterator().next()))
                    : Optional.empty())
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "%s has the clouds %s; OS_CLOUD says which.".formatted(file, clouds.keySet())));
    if (!clouds.containsKey(name)) {
      throw new IllegalArgumentException(
          "%s has no cloud '%s'; it has %s.".formatted(file, name, clouds.keySet()));
    }
    Map<?, ?> cloud = map(clouds.get(name));
    Map<String, String> facts = new LinkedHashMap<>();
    map(cloud.get("auth"))
        .forEach((key, value) -> {
          if (value != null) {
            facts.put(String.valueOf(key), String.valueOf(value));
          }
        });
    for (String beside : List.of("region_name", "cacert", "verify", "insecure")) {
      @Nullable Object value = cloud.get(beside);
      if (value instanceof String || value instanceof Boolean) {
        facts.put(beside, String.valueOf(value));
      }
    }
    return facts;
  }

  private static Path file(Map<String, String> environment) {
    Optional<String> given =
        Optional.ofNullable(environment.get("OS_CLIENT_CONFIG_FILE"))
            .filter(path -> !path.isBlank());
    List<Path> places =
        given
            .map(path -> List.of(Path.of(path)))
            .orElseGet(() ->
                List.of(
                    Path.of("clouds.yaml"),
                    Path.of(environment.getOrDefault("HOME", "/"), ".config/openstack/clouds.yaml"),
                    Path.of("/etc/openstack/clouds.yaml")));
    return places.stream()
        .filter(Files::exists)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("There is no file " + places + "."));
  }

  private static Map<?, ?> read(Path file) {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    options.setMaxAliasesForCollections(10);
    try {
      return map(new Yaml(new SafeConstructor(options)).load(Files.readString(file)));
    } catch (IOException e) {
      throw new IllegalArgumentException(file + " cannot be read: " + e.getMessage(), e);
    } catch (YAMLException e) {
      // Its message quotes the line, which may hold a password.
      throw new IllegalArgumentException(file + " is no YAML.", null);
    }
  }

  private static Map<?, ?> map(@Nullable Object value) {
    return value instanceof Map<?, ?> map ? map : Map.of();
  }
}
