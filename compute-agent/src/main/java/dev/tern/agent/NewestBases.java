package dev.tern.agent;

import dev.tern.contract.host.HostReport.Offers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What {@code _base} has, as a report tells it: the newest files, each by the start of its name.
 */
final class NewestBases {
  private static final Pattern WHOLE = Pattern.compile("[0-9a-f]{64}");

  private NewestBases() {}

  private record Base(String name, long modified) {}

  /** Files that are only half there, or wrong, are left out. */
  static List<String> in(Path directory) throws IOException {
    List<Base> bases = new ArrayList<>();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        String name = file.getFileName().toString();
        if (WHOLE.matcher(name).matches()) {
          bases.add(new Base(name, modified(file)));
        }
      }
    }
    return bases.stream()
        .sorted(Comparator.comparingLong(Base::modified).reversed().thenComparing(Base::name))
        .limit(Offers.BASES)
        .map(base -> Offers.digest(base.name()))
        .toList();
  }

  /** In milliseconds; 0 when it has just gone. */
  private static long modified(Path file) throws IOException {
    try {
      return Files.getLastModifiedTime(file).toMillis();
    } catch (NoSuchFileException _) {
      return 0;
    }
  }
}
