package dev.tern.virt;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The kernel's own table of TCP sockets ({@code /proc/net/tcp}), of all processes of this host. */
public final class TcpSockets {
  private static final String ESTABLISHED = "01";
  private static final String LISTENS = "0A";

  private record Row(int port, String state) {}

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
                  new Row(Integer.parseInt(field[1].substring(wanted.length()), 16), field[3]))
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

  /** Connections open on a local port. */
  public int connections(int port) {
    return (int)
        rows.stream().filter(row -> row.port() == port && row.state().equals(ESTABLISHED)).count();
  }
}
