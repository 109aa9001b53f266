package dev.tern.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Counts what goes over the loopback interface, headers and acknowledgements and all.
 *
 * @param ours whether this process is in a network namespace of its own, as {@code ./tern bench}
 *     makes it: then nobody else is counted
 */
record Loopback(boolean ours) {
  /** Set by {@code ./tern bench}. */
  private static final String OWN_NETWORK = "TERN_OWN_NETWORK";

  static Loopback asStarted() {
    return new Loopback("true".equals(System.getenv(OWN_NETWORK)));
  }

  long bytes() throws IOException {
    return received(Files.readString(Path.of("/proc/net/dev")));
  }

  /** On loopback each byte that is sent is received once. */
  static long received(String devices) throws IOException {
    return devices
        .lines()
        .map(String::strip)
        .filter(line -> line.startsWith("lo:"))
        .map(line -> Arrays.asList(line.substring("lo:".length()).strip().split("\\s+")))
        .mapToLong(fields -> Long.parseLong(fields.getFirst()))
        .findAny()
        .orElseThrow(() -> new IOException("There is no loopback interface in /proc/net/dev."));
  }
}
