package dev.tern.agent;

import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentRequest.Header;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Files a destination leaves for a source to see when both use one directory. */
final class ProbeFiles {
  private static final Pattern NAME =
      Pattern.compile("probe-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");

  private ProbeFiles() {}

  /**
   * @throws dev.tern.contract.ComputeException when the name is none of a probe file
   */
  static Path resolve(Path instances, String name) {
    if (!NAME.matcher(name).matches()) {
      throw Refusals.invalid("That is not the name of a probe file.");
    }
    return instances.resolve(name);
  }

  static boolean isProbe(String name) {
    return NAME.matcher(name).matches();
  }

  /** Writes the probe of one migration; the same again when asked again. */
  static String write(Path instances, Header header, HostName host) throws IOException {
    String name = name(header, host);
    Durable.write(instances.resolve(name), host.value().getBytes(StandardCharsets.UTF_8));
    return name;
  }

  static String name(Header header, HostName host) {
    String seed = header.server() + " " + header.epoch() + " " + host;
    return "probe-" + UUID.nameUUIDFromBytes(seed.getBytes(StandardCharsets.UTF_8));
  }

  /** Removes the probe of one migration. Harmless when there is none. */
  static void remove(Path instances, Header header, HostName host) throws IOException {
    Files.deleteIfExists(instances.resolve(name(header, host)));
  }

  /** Removes probes this host wrote, or had begun to write, before it was restarted. */
  static void removeStale(Path instances, HostName host) throws IOException {
    try (Stream<Path> entries = Files.list(instances)) {
      for (Path entry : (Iterable<Path>) entries::iterator) {
        if (Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS) && mayBeOf(entry, host)) {
          Files.deleteIfExists(entry);
        }
      }
    }
  }

  /** A half that nobody has written to yet may be anyone's; who writes it anew is not hindered. */
  private static boolean mayBeOf(Path entry, HostName host) throws IOException {
    String name = entry.getFileName().toString();
    if (name.endsWith(Durable.HALF)) {
      String whole = name.substring(0, name.length() - Durable.HALF.length());
      return NAME.matcher(whole).matches() && host.value().startsWith(Files.readString(entry));
    }
    return NAME.matcher(name).matches() && Files.readString(entry).equals(host.value());
  }
}
