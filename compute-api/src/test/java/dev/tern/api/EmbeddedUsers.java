package dev.tern.api;

import dev.tern.api.identity.PasswordHash;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;

/** One user for an API with its own identity service. */
public final class EmbeddedUsers {
  static final String PASSWORD = "the sea";
  static final String SECRET = "half of it";

  private EmbeddedUsers() {}

  /** What such an API is started with; the file of users is in this folder. */
  public static String[] in(Path folder) throws IOException {
    Path users = folder.resolve("users.yaml");
    Files.writeString(
        users,
        """
        projects:
          - {name: demo, id: de30}
        users:
          - name: gull
            password: %s
            projects: {demo: [member]}
            application_credentials:
              - {name: net, id: c0ffee, secret: "%s", project: demo, roles: [reader]}
        """
            .formatted(hash(PASSWORD), hash(SECRET)));
    return new String[] {"--tern.api.auth=embedded", "--tern.api.identity.users-file=" + users};
  }

  private static PasswordHash hash(String password) {
    return PasswordHash.of(password, PasswordHash.RANDOM, new SecureRandom());
  }
}
