package dev.tern.virt.qmp;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/**
 * Starts QEMU's NBD server on a listening socket made here, without Nagle's delay. QEMU does not
 * turn it off for the connections it accepts, and each answer that waits for an acknowledgement
 * holds up the mirror: with it a disk takes about twice as long (docs/benchmarks.md).
 *
 * <p>A socket reaches QEMU only along a connection of the system's own, and stays with the
 * connection it came by, so both commands go over the monitor's second socket, which is free again
 * afterwards.
 */
public final class ExportListener {
  private static final Logger log = LoggerFactory.getLogger(ExportListener.class);

  private static final String NAME = "exports";

  private final NativeSocket monitor;
  private final QmpLines lines;
  private long lastId;

  private ExportListener(NativeSocket monitor) {
    this.monitor = monitor;
    this.lines = new QmpLines(monitor);
  }

  /**
   * Starts the server.
   *
   * @param socket the monitor's, which nobody else is connected to
   * @param creds object with the key; null for plaintext
   * @param patience for each answer of QEMU's
   * @return false when no socket can be passed this way, because somebody has the monitor's or this
   *     system is not known; nothing was changed then
   * @throws VirtException {@code REFUSED} when the address cannot be listened on or QEMU has a
   *     server already; {@code NO_ANSWER} when QEMU does not say whether it has
   */
  public static boolean start(
      Path socket, InetAddress address, int port, @Nullable String creds, Duration patience)
      throws VirtException {
    if (!NativeSocket.known()) {
      return false;
    }
    try (NativeSocket monitor = NativeSocket.connect(socket, patience)) {
      ExportListener exports = new ExportListener(monitor);
      if (!exports.greeted()) {
        return false;
      }
      try (NativeSocket listener = listen(address, port)) {
        exports.start(listener, creds);
        return true;
      }
    } catch (NativeSocket.NotConnected e) {
      log.atDebug().setCause(e).log("no socket can be passed to QEMU");
      return false;
    } catch (IOException | QmpLines.NotQmp e) {
      throw new VirtException(Kind.NO_ANSWER, "QEMU did not say whether its exports are open.", e);
    }
  }

  private boolean greeted() {
    try {
      return lines.next() != null;
    } catch (IOException | QmpLines.NotQmp e) {
      log.atDebug().setCause(e).log("somebody else has the monitor's second socket");
      return false;
    }
  }

  private static NativeSocket listen(InetAddress address, int port) throws VirtException {
    try {
      return NativeSocket.listen(address, port);
    } catch (IOException e) {
      throw new VirtException(
          Kind.REFUSED,
          "The exports cannot listen on %s port %d: %s."
              .formatted(address.getHostAddress(), port, e.getMessage()),
          e);
    }
  }

  private void start(NativeSocket listener, @Nullable String creds)
      throws IOException, QmpLines.NotQmp, VirtException {
    call(new Commands.QmpCapabilities(List.of()), null);
    call(new Commands.Getfd(NAME), listener);
    try {
      call(new Commands.NbdServerStart(Commands.SocketAddress.passed(NAME), creds), null);
    } catch (VirtException e) {
      giveBack(e);
      throw e;
    }
  }

  /** QEMU would hold the port for good. */
  private void giveBack(VirtException failure) throws IOException, QmpLines.NotQmp {
    try {
      call(new Commands.Closefd(NAME), null);
    } catch (VirtException e) {
      failure.addSuppressed(e); // the server had taken it, and closed it
    }
  }

  private void call(QmpCommand<Void> command, @Nullable NativeSocket passed)
      throws IOException, QmpLines.NotQmp, VirtException {
    long id = ++lastId;
    String line = QmpJson.request(command, id, false) + "\n";
    monitor.send(line.getBytes(StandardCharsets.UTF_8), passed);
    for (JsonNode said = lines.next(); said != null; said = lines.next()) {
      if (said.path("id").asLong(-1) != id) {
        continue; // an event
      }
      if (said.has("error")) {
        throw new VirtException(
            Kind.REFUSED, said.path("error").path("desc").asString("no reason given"), null);
      }
      return;
    }
    throw new IOException("QEMU closed its monitor after " + command.command());
  }
}
