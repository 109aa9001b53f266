package dev.tern.api.identity;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Who there is, in which projects with which roles. Everything is of the domain {@code Default}.
 */
record Users(List<User> users, List<Project> projects) {
  static final String DOMAIN_ID = "default";
  static final String DOMAIN_NAME = "Default";

  /** A project. */
  record Project(String id, String name, String description) {}

  /**
   * A user.
   *
   * @param roles by the project's id
   * @param defaultProject id of the project of tokens that were asked for without one
   */
  record User(
      String id,
      String name,
      PasswordHash password,
      Map<String, Set<String>> roles,
      Optional<String> defaultProject,
      List<Credential> credentials) {}

  /**
   * An application credential: another way to be a user, in one project, with some of the roles.
   */
  record Credential(
      String id,
      String name,
      PasswordHash secret,
      String project,
      Set<String> roles,
      Optional<Instant> expires) {}

  Optional<User> user(String id) {
    return users.stream().filter(user -> user.id().equals(id)).findFirst();
  }

  Optional<User> userNamed(String name) {
    return users.stream().filter(user -> user.name().equals(name)).findFirst();
  }

  Optional<Project> project(String id) {
    return projects.stream().filter(project -> project.id().equals(id)).findFirst();
  }

  Optional<Project> projectNamed(String name) {
    return projects.stream().filter(project -> project.name().equals(name)).findFirst();
  }

  /** Those that a user has a role in. */
  List<Project> projectsOf(User user) {
    return projects.stream().filter(project -> user.roles().containsKey(project.id())).toList();
  }

  /** The user of an application credential. */
  Optional<User> withCredential(String id) {
    return users.stream()
        .filter(user -> user.credentials().stream().anyMatch(one -> one.id().equals(id)))
        .findFirst();
  }
}
