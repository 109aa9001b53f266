package dev.tern.standalone;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The addresses 127.0.N.1 and on, which one form has for its hosts: two forms on one machine would
 * otherwise take each other's ports. A listening socket on 127.0.N.254 holds it, so the kernel
 * gives it back however the form ends. A form that starts again takes the same one where it can.
 */
final class LoopbackNetwork implements AutoCloseable {
  private static final int MOST = 250;
  private static final int GUARD_HOST = 254;
  // Below the ports that clients are given and those that hosts have for migrations.
  private static final int GUARD_PORT = 19_990;
  private static final String LISTENS = "0A";
  private static final String MAPPED = "0000000000000000FFFF0000";

  private final int number;
  private final ServerSocket guard;

  private LoopbackNetwork(int number, ServerSocket guard) {
    this.number = number;
    this.guard = guard;
  }

  /**
   * Takes one that no other form has.
   *
   * @param note a file that remembers which; whatever else it holds is overwritten
   * @throws IOException when all are taken, or the note cannot be written
   */
  static LoopbackNetwork take(Path note) throws IOException {
    int[] order =
        IntStream.concat(noted(note).stream().mapToInt(n -> n), IntStream.rangeClosed(1, MOST))
            .toArray();
    for (int number : order) {
      Optional<ServerSocket> guard = guard(number);
      if (guard.isPresent()) {
        Files.writeString(note, number + "\n");
        return new LoopbackNetwork(number, guard.get());
      }
    }
    throw new IOException(
        "All %d loopback networks from 127.0.1.0 on are taken by other forms.".formatted(MOST));
  }

  private static Optional<Integer> noted(Path note) throws IOException {
    if (!Files.exists(note)) {
      return Optional.empty();
    }
    String text = Files.readString(note).strip();
    return text.matches("[0-9]{1,3}")
        ? Optional.of(Integer.valueOf(text)).filter(n -> n >= 1 && n <= MOST)
        : Optional.empty();
  }

  private static Optional<ServerSocket> guard(int number) throws IOException {
    try {
      return Optional.of(new ServerSocket(GUARD_PORT, 1, address(number, GUARD_HOST)));
    } catch (BindException _) {
      return Optional.empty();
    }
  }

  private static InetAddress address(int number, int host) throws IOException {
    return InetAddress.getByAddress(new byte[] {127, 0, (byte) number, (byte) host});
  }

  /**
   * The address of a host.
   *
   * @param host from 1 on
   */
  String address(int host) {
    return "127.0.%d.%d".formatted(number, host);
  }

  /**
   * What listens on its hosts' addresses, as the kernel lists it: address and port in hex. Java's
   * sockets stand in the second list, as IPv4 within IPv6.
   */
  List<String> listeners() throws IOException {
    List<String> all = new ArrayList<>();
    for (String table : List.of("tcp", "tcp6")) {
      Path file = Path.of("/proc/net", table);
      if (Files.exists(file)) { // a kernel may have no IPv6
        all.addAll(listeners(file));
      }
    }
    return all;
  }

  private List<String> listeners(Path table) throws IOException {
    String own = "(" + MAPPED + ")?..%02X007F:.*".formatted(number);
    String guard = "%02X%02X007F:%04X".formatted(GUARD_HOST, number, GUARD_PORT);
    try (Stream<String> lines = Files.lines(table)) {
      return lines
          .map(line -> line.strip().split("\\s+"))
          .filter(field -> field.length > 3 && field[3].equals(LISTENS))
          .map(field -> field[1])
          .filter(address -> address.matches(own) && !address.endsWith(guard))
          .map(address -> address.replaceFirst("^" + MAPPED, ""))
          .toList();
    }
  }

  @Override
  public void close() throws IOException {
    guard.close();
  }
}
