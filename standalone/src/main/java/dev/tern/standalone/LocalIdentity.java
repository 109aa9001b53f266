package dev.tern.standalone;

import dev.tern.api.identity.PasswordHash;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

/**
 * The users of {@code ./tern up}: an administrator and the agents' user with passwords of chance,
 * made at the first start, and a {@code clouds.yaml} with which OpenStack's clients log in as the
 * administrator.
 */
final class LocalIdentity {
  private static final int PASSWORD_BYTES = 24;

  static final String AUTH = "tern.api.auth";
  private static final String EMBEDDED = "embedded";
  private static final String USERS = "tern.api.identity.users-file";
  private static final String TOKEN_OPTIONAL = "tern.api.identity.token-optional";
  private static final String AGENTS = "tern-agent";

  private final Path users;
  private final Path password;
  private final Path agentsPassword;
  private final Path clouds;

  LocalIdentity(Path data) {
    this.users = data.resolve("identity").resolve("users.yaml");
    this.password = data.resolve("identity").resolve("password");
    this.agentsPassword = data.resolve("identity").resolve("agents-password");
    this.clouds = data.resolve("clouds.yaml");
  }

  /** Whether who starts Tern with these settings leaves it to this to say who the users are. */
  static boolean isFor(Map<String, String> asked) {
    return asked.getOrDefault(AUTH, EMBEDDED).equals(EMBEDDED) && !asked.containsKey(USERS);
  }

  /**
   * Settings of an API that has these users, and of agents that are one of them if the API wants
   * tokens. Users that an earlier start made, and a person may have changed, stay.
   *
   * @param asked settings that go before those
   * @throws IOException when the files cannot be written
   */
  Map<String, String> prepare(Map<String, String> asked) throws IOException {
    if (!Files.exists(users)) {
      makeUsers();
    }
    Map<String, String> settings = new HashMap<>();
    settings.put(AUTH, EMBEDDED);
    settings.put(USERS, users.toString());
    // Who asks for it by name wants tokens.
    settings.put(TOKEN_OPTIONAL, Boolean.toString(!asked.containsKey(AUTH)));
    settings.putAll(asked);
    if (!Boolean.parseBoolean(settings.get(TOKEN_OPTIONAL)) && Files.exists(agentsPassword)) {
      settings.put("tern.agent.image-identity.username", AGENTS);
      settings.put("tern.agent.image-identity.password-file", agentsPassword.toString());
    }
    return settings;
  }

  private void makeUsers() throws IOException {
    Files.createDirectories(
        users.getParent(),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    SecureRandom random = new SecureRandom();
    write(
        users,
        """
        # Who may log in, by docs/security.md. ./tern hash-password makes the hash of a password.
        # Read again when it changes.
        projects:
          - {name: admin, id: admin}
          - {name: service}
        users:
          - name: admin
            password: %s
            projects: {admin: [admin]}
            default_project: admin
          # As which agents fetch images, where the API wants tokens.
          - name: %s
            password: %s
            projects: {service: [admin]}
            default_project: service
        """
            .formatted(newPassword(password, random), AGENTS, newPassword(agentsPassword, random)));
  }

  /** Writes a password of chance into a file, and returns its hash. */
  private static PasswordHash newPassword(Path file, SecureRandom random) throws IOException {
    byte[] bytes = new byte[PASSWORD_BYTES];
    random.nextBytes(bytes);
    String word = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    write(file, word);
    return PasswordHash.of(word, PasswordHash.RANDOM, random);
  }

  /** Writes {@code clouds.yaml} for an API there, if the password is known here. */
  void writeClouds(URI api) throws IOException {
    if (!Files.exists(password)) {
      return;
    }
    write(
        clouds,
        """
        # Made by ./tern up at each start: OS_CLIENT_CONFIG_FILE=%s openstack --os-cloud tern server list
        clouds:
          tern:
            auth_type: password
            auth:
              auth_url: %s
              username: admin
              password: %s
              project_name: admin
              user_domain_name: Default
              project_domain_name: Default
            region_name: RegionOne
            identity_api_version: "3"
        """
            .formatted(clouds, api.resolve("identity/v3"), Files.readString(password).strip()));
  }

  Path clouds() {
    return clouds;
  }

  /** Nobody else may read it, at no moment, and there is never half of it. */
  private static void write(Path file, String text) throws IOException {
    Path fresh =
        Files.createTempFile(
            file.getParent(),
            "." + file.getFileName(),
            ".new",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(fresh, text);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
