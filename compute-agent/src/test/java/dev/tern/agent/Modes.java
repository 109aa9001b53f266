package dev.tern.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Who else than its owner may touch what is on a host. */
final class Modes {
  private Modes() {}

  /**
   * Holds when nobody but its owner may do anything with the directory or anything in it.
   *
   * @return what was looked at, for a test to see that it was not nothing
   */
  static List<Path> checkPrivate(Path data) throws IOException {
    List<Path> seen = new ArrayList<>();
    List<String> open = new ArrayList<>();
    try (Stream<Path> all = Files.walk(data)) {
      for (Path path : (Iterable<Path>) all::iterator) {
        try {
          PosixFileAttributes of =
              Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
          String mode = PosixFilePermissions.toString(of.permissions());
          if (!of.isSymbolicLink() && !mode.endsWith("------")) {
            open.add(mode + " " + data.relativize(path));
          }
          seen.add(data.relativize(path));
        } catch (NoSuchFileException _) {
          seen.remove(path); // a running host makes and removes files
        }
      }
    }
    assertThat(open).as("files of %s that others may touch", data).isEmpty();
    return seen;
  }
}
