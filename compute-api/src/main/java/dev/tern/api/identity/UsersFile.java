package dev.tern.api.identity;

import dev.tern.api.identity.Users.Credential;
import dev.tern.api.identity.Users.Project;
import dev.tern.api.identity.Users.User;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/** Reads users from YAML; what is wrong is said with its place, and never with a password. */
final class UsersFile {
  private UsersFile() {}

  /**
   * The users in a text.
   *
   * @throws IllegalArgumentException saying what is wrong
   */
  static Users parse(String text) {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    options.setMaxAliasesForCollections(0);
    @Nullable Object read;
    try {
      read = new Yaml(new SafeConstructor(options)).load(text);
    } catch (YAMLException e) {
      // Its message quotes the line, which may hold a hash.
      throw new IllegalArgumentException("it is no YAML", null);
    }
    Entry file = Entry.of("the file", read);
    file.refuseOthers(Set.of("projects", "users"));
    List<Project> projects = file.list("projects").stream().map(UsersFile::project).toList();
    unique("project", projects.stream().map(Project::id).toList());
    unique("project", projects.stream().map(Project::name).toList());
    List<User> users = file.list("users").stream().map(user -> user(user, projects)).toList();
    unique("user", users.stream().map(User::id).toList());
    unique("user", users.stream().map(User::name).toList());
    unique(
        "application credential",
        users.stream().flatMap(user -> user.credentials().stream()).map(Credential::id).toList());
    if (users.isEmpty()) {
      throw new IllegalArgumentException("there are no users, so nobody could log in");
    }
    return new Users(users, projects);
  }

  private static void unique(String what, List<String> names) {
    Set<String> seen = new HashSet<>();
    for (String name : names) {
      if (!seen.add(name)) {
        throw new IllegalArgumentException("there are two of %s '%s'".formatted(what, name));
      }
    }
  }

  private static Project project(Entry entry) {
    entry.refuseOthers(Set.of("name", "id", "description"));
    String name = entry.text("name").orElseThrow(() -> entry.lacks("name"));
    return new Project(
        entry.id().orElse(idOf("project", name)), name, entry.text("description").orElse(""));
  }

  private static User user(Entry entry, List<Project> projects) {
    entry.refuseOthers(
        Set.of("name", "id", "password", "projects", "default_project", "application_credentials"));
    String name = entry.text("name").orElseThrow(() -> entry.lacks("name"));
    String id = entry.id().orElse(idOf("user", name));
    Map<String, Set<String>> roles = new HashMap<>();
    entry
        .map("projects")
        .forEach((project, given) ->
            roles.put(named(entry, project, projects), entry.words("projects", given)));
    Optional<String> home =
        entry.text("default_project").map(project -> named(entry, project, projects));
    List<Credential> credentials =
        entry.list("application_credentials").stream()
            .map(credential -> credential(credential, id, projects))
            .toList();
    return new User(id, name, entry.hash("password"), Map.copyOf(roles), home, credentials);
  }

  private static Credential credential(Entry entry, String user, List<Project> projects) {
    entry.refuseOthers(Set.of("name", "id", "secret", "project", "roles", "expires_at"));
    String name = entry.text("name").orElseThrow(() -> entry.lacks("name"));
    String project = entry.text("project").orElseThrow(() -> entry.lacks("project"));
    return new Credential(
        entry.id().orElse(idOf("credential", user + " " + name)),
        name,
        entry.hash("secret"),
        named(entry, project, projects),
        entry.words("roles", entry.fields().get("roles")),
        entry.time("expires_at"));
  }

  private static String named(Entry entry, String project, List<Project> projects) {
    return projects.stream()
        .filter(one -> one.name().equals(project))
        .findFirst()
        .map(Project::id)
        .orElseThrow(() ->
            new IllegalArgumentException(
                "%s: there is no project '%s'".formatted(entry.place(), project)));
  }

  /** The same in every copy and after every start, as the name is. */
  static String idOf(String kind, String name) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest((kind + " " + name).getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A mapping of the file. */
  private record Entry(String place, Map<?, ?> fields) {
    static Entry of(String place, @Nullable Object node) {
      if (node instanceof Map<?, ?> map) {
        return new Entry(place, map);
      }
      throw new IllegalArgumentException(place + " has to be a mapping");
    }

    IllegalArgumentException lacks(String field) {
      return new IllegalArgumentException("%s has no %s".formatted(place, field));
    }

    private IllegalArgumentException wrong(String field, String what) {
      return new IllegalArgumentException("%s: %s has to be %s".formatted(place, field, what));
    }

    void refuseOthers(Set<String> known) {
      for (Object key : fields.keySet()) {
        if (!(key instanceof String text) || !known.contains(text)) {
          throw new IllegalArgumentException("%s has an unknown field".formatted(place));
        }
      }
    }

    Optional<String> text(String field) {
      @Nullable Object value = fields.get(field);
      if (value == null) {
        return Optional.empty();
      }
      if (value instanceof String text
          && !text.isBlank()
          && text.length() <= 255
          && text.chars().noneMatch(Character::isISOControl)) {
        return Optional.of(text);
      }
      throw wrong(field, "a text of 1 to 255 characters, in quotes");
    }

    /** Goes into paths and tables. */
    Optional<String> id() {
      Optional<String> id = text("id");
      if (id.isPresent() && !id.get().matches("[0-9a-f-]{1,64}|admin")) {
        throw wrong("id", "of digits, a to f and dashes, or the word admin");
      }
      return id;
    }

    PasswordHash hash(String field) {
      String text = text(field).orElseThrow(() -> lacks(field));
      try {
        return PasswordHash.parse(text);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("%s: %s: %s".formatted(place, field, e.getMessage()), e);
      }
    }

    Optional<Instant> time(String field) {
      @Nullable Object value = fields.get(field);
      try {
        return switch (value) {
          case null -> Optional.empty();
          case Date date -> Optional.of(date.toInstant());
          case String text -> Optional.of(Instant.parse(text));
          default -> throw wrong(field, "a time like 2030-01-01T00:00:00Z");
        };
      } catch (DateTimeException e) {
        throw wrong(field, "a time like 2030-01-01T00:00:00Z");
      }
    }

    List<Entry> list(String field) {
      @Nullable Object value = fields.get(field);
      if (value == null) {
        return List.of();
      }
      if (!(value instanceof List<?> list)) {
        throw wrong(field, "a list");
      }
      List<Entry> entries = new ArrayList<>();
      for (Object one : list) {
        String name =
            one instanceof Map<?, ?> map && map.get("name") instanceof String text ? text : "?";
        entries.add(of("%s '%s' of %s".formatted(field, name, place), one));
      }
      return entries;
    }

    Map<String, @Nullable Object> map(String field) {
      Map<String, @Nullable Object> map = new HashMap<>();
      @Nullable Object value = fields.get(field);
      if (value != null && !(value instanceof Map)) {
        throw wrong(field, "a mapping of projects to roles");
      }
      if (value instanceof Map<?, ?> given) {
        given.forEach((key, inner) -> map.put(String.valueOf(key), inner));
      }
      return map;
    }

    Set<String> words(String field, @Nullable Object value) {
      if (!(value instanceof List<?> list)
          || list.isEmpty()
          || !list.stream()
              .allMatch(one -> one instanceof String text && text.matches("[\\w.-]{1,64}"))) {
        throw wrong(field, "a list of roles");
      }
      Set<String> words = new HashSet<>();
      list.forEach(one -> words.add((String) one));
      return Set.copyOf(words);
    }
  }
}
