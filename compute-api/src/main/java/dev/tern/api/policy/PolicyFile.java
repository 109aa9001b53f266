package dev.tern.api.policy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/** An operator's rules, in oslo.policy's form: a mapping of names to rules, in YAML or JSON. */
public final class PolicyFile {
  private PolicyFile() {}

  /**
   * The policy that the file makes of Nova's.
   *
   * @throws IllegalStateException naming the file and what in it is wrong; the start fails with it
   */
  public static Policy read(Path file) {
    try {
      return new Policy(rules(Files.readString(file)));
    } catch (IOException | IllegalArgumentException e) {
      throw new IllegalStateException(
          "tern.api.policy-file %s: %s"
              .formatted(
                  file,
                  e instanceof IOException ? "it cannot be read (" + e + ")" : e.getMessage()),
          e);
    }
  }

  /**
   * The rules in a text.
   *
   * @throws IllegalArgumentException saying what is wrong
   */
  static Map<String, String> rules(String text) {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    options.setMaxAliasesForCollections(0);
    @Nullable Object read;
    try {
      read = new Yaml(new SafeConstructor(options)).load(text);
    } catch (YAMLException e) {
      throw new IllegalArgumentException("it is no YAML: " + e.getMessage(), e);
    }
    if (read == null) {
      return Map.of();
    }
    if (!(read instanceof Map<?, ?> mapping)) {
      throw new IllegalArgumentException("it has to be a mapping of names to rules");
    }
    Map<String, String> rules = new LinkedHashMap<>();
    mapping.forEach((name, rule) -> {
      if (!(name instanceof String key)) {
        throw new IllegalArgumentException("'%s' is no name of a rule".formatted(name));
      }
      rules.put(key, rule(key, rule));
    });
    return rules;
  }

  private static String rule(String name, @Nullable Object rule) {
    return switch (rule) {
      case String text -> text;
      case List<?> any -> any(name, any);
      case null, default ->
          throw new IllegalArgumentException(
              "the rule '%s' has to be a text in quotes, or a list".formatted(name));
    };
  }

  /** The old form: a list of which one has to hold, of lists of which all have to. */
  private static String any(String name, List<?> any) {
    if (any.isEmpty()) {
      return "@";
    }
    List<String> alternatives = new ArrayList<>();
    for (Object one : any) {
      List<?> all = one instanceof List<?> list ? list : one == null ? List.of() : List.of(one);
      if (all.isEmpty() || !all.stream().allMatch(String.class::isInstance)) {
        throw new IllegalArgumentException(
            "the rule '%s': a list holds checks, or lists of checks".formatted(name));
      }
      alternatives.add(
          "(" + String.join(" and ", all.stream().map(String.class::cast).toList()) + ")");
    }
    return String.join(" or ", alternatives);
  }
}
