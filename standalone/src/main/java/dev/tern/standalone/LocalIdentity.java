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
import java.util.Map;

/**
 * The users of {@code ./tern up}: one administrator with a password of chance, made at the first
 * start, and a {@code clouds.yaml} with which OpenStack's clients log in as that.
 */
final class LocalIdentity {
  private static final int PASSWORD_BYTES = 24;

  private final Path users;
  private final Path password;
  private final Path clouds;

  LocalIdentity(Path data) {
    this.users = data.resolve("identity").resolve("users.yaml");
    this.password = data.resolve("identity").resolve("password");
    this.clouds = data.resolve("clouds.yaml");
  }

  /**
   * Settings of an API that has these users. Those that an earlier start made, and a person may
   * have changed, stay.
   *
   * @throws IOException when the files cannot be written
   */
  Map<String, String> prepare() throws IOException {
    if (!Files.exists(users)) {
      Files.createDirectories(
          users.getParent(),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      SecureRandom random = new SecureRandom();
      byte[] bytes = new byte[PASSWORD_BYTES];
      random.nextBytes(bytes);
      String word = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
      write(password, word);
      write(
          users,
          """
          # Who may log in, by docs/security.md. ./tern hash-password makes the hash of a password.
          # Read again when it changes.
          projects:
            - {name: admin, id: admin}
          users:
            - name: admin
              password: %s
              projects: {admin: [admin]}
              default_project: admin
          """
              .formatted(PasswordHash.of(word, PasswordHash.RANDOM, random)));
    }
    return Map.of(
        "tern.api.auth", "embedded",
        "tern.api.identity.users-file", users.toString(),
        "tern.api.identity.token-optional", "true");
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
