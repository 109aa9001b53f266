package dev.tern.virt;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The kernel's own table of TCP sockets ({@code /proc/net/tcp}), of all processes of this host. */
public final class TcpSockets {
  private static final String ESTABLISHED = "01";
  private static final String LISTENS = "0A";
  private static final int INODE = 9;

  private record Row(int port, String state, String inode) {}

  private final List<Row> rows;

  private TcpSockets(List<Row> rows) {
    this.rows = rows;
  }

  /**
   * The sockets bound to a local address now.
   *
   * @throws IOException when the table cannot be read
   */
  public static TcpSockets of(InetAddress local) throws IOException {
    byte[] address = local.getAddress();
    String wanted = kernelForm(address) + ":";
    Path table = Path.of(address.length == 4 ? "/proc/net/tcp" : "/proc/net/tcp6");
    try (Stream<String> lines = Files.lines(table)) {
      return new TcpSockets(
          lines
              .map(line -> line.strip().split("\\s+"))
              .filter(field -> field.length > 3 && field[1].startsWith(wanted))
              .map(field ->
                  new Row(
                      Integer.parseInt(field[1].substring(wanted.length()), 16),
                      field[3],
                      field.length > INODE ? field[INODE] : ""))
              .toList());
    }
  }

  /** The kernel prints an address in words of four bytes, each in the machine's own order. */
  private static String kernelForm(byte[] address) {
    StringBuilder form = new StringBuilder();
    for (int word = 0; word < address.length; word += 4) {
      for (int at = word + 3; at >= word; at--) {
        form.append(HexFormat.of().withUpperCase().toHexDigits(address[at]));
      }
    }
    return form.toString();
  }

  /** Ports somebody listens on, ascending. */
  public Set<Integer> listening() {
    Set<Integer> ports = new TreeSet<>();
    rows.stream().filter(row -> row.state().equals(LISTENS)).map(Row::port).forEach(ports::add);
    return ports;
  }

  /**
   * Ports that this process listens on.
   *
   * @throws IOException when its open files cannot be looked at, {@link
   *     java.nio.file.NoSuchFileException} when it has ended
   */
  public Set<Integer> listeningOf(long pid) throws IOException {
    Set<String> sockets = new HashSet<>();
    try (Stream<Path> open = Files.list(Path.of("/proc", Long.toString(pid), "fd"))) {
      for (Path file : (Iterable<Path>) open::iterator) {
        try {
          sockets.add(Files.readSymbolicLink(file).toString());
        } catch (NoSuchFileException _) {
          // Closed meanwhile.
        }
      }
    } catch (UncheckedIOException e) {
      throw new IOException(e);
    }
    return rows.stream()
        .filter(row -> row.state().equals(LISTENS))
        .filter(row -> sockets.contains("socket:[" + row.inode() + "]"))
        .map(Row::port)
        .collect(Collectors.toSet());
  }

  /** Connections open on a local port. */
  public int connections(int port) {
    return (int)
        rows.stream().filter(row -> row.port() == port && row.state().equals(ESTABLISHED)).count();
  }
}
