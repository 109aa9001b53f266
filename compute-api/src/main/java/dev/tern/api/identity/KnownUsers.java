package dev.tern.api.identity;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The users of a file, as it is now: it is looked at again every few seconds. One that cannot be
 * read any more leaves things as they were, and says so.
 */
final class KnownUsers {
  private static final Logger log = LoggerFactory.getLogger(KnownUsers.class);
  private static final Duration LOOK = Duration.ofSeconds(5);

  private final Path file;
  private final Clock clock;
  private Users users;
  private String text;
  private Instant looked;

  /**
   * Reads the file.
   *
   * @throws IllegalStateException naming the file and what in it is wrong; the start fails with it
   */
  KnownUsers(Path file, Clock clock) {
    this.file = file;
    this.clock = clock;
    try {
      this.text = Files.readString(file);
      this.users = UsersFile.parse(text);
      this.looked = clock.instant();
    } catch (IOException | IllegalArgumentException e) {
      throw new IllegalStateException(
          "tern.api.identity.users-file %s: %s"
              .formatted(
                  file,
                  e instanceof IOException ? "it cannot be read (" + e + ")" : e.getMessage()),
          e);
    }
  }

  /** As they are now. */
  synchronized Users now() {
    Instant now = clock.instant();
    if (Duration.between(looked, now).compareTo(LOOK) >= 0) {
      looked = now;
      readAgain();
    }
    return users;
  }

  private void readAgain() {
    try {
      String found = Files.readString(file);
      if (!found.equals(text)) {
        users = UsersFile.parse(found);
        text = found;
        log.atInfo().addKeyValue("users", users.users().size()).log("the users were read again");
      }
    } catch (IOException | IllegalArgumentException e) {
      log.atWarn()
          .addKeyValue("file", file)
          .addKeyValue("reason", e.getMessage())
          .log("the users cannot be read again, and stay as they were");
    }
  }
}
