package dev.tern.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A destination whose data is on a file system of its own, which can be full. Needs root. */
final class SmallDisk implements AutoCloseable {
  private final TwoHosts.Host host;

  private SmallDisk(TwoHosts.Host host) {
    this.host = host;
  }

  /** Puts the destination of two hosts that have done nothing yet on a disk of so many MiB. */
  static SmallDisk mount(TwoHosts hosts, int mebibytes) throws IOException {
    TwoHosts.Host host = hosts.destination;
    host.agent.close();
    run("mount", "-t", "tmpfs", "-o", "size=" + mebibytes + "m", "tmpfs", host.data.toString());
    host.agent = host.open();
    return new SmallDisk(host);
  }

  @Override
  public void close() throws IOException {
    host.agent.close();
    run("umount", "--lazy", host.data.toString());
    host.agent = host.open();
  }

  private static void run(String... command) throws IOException {
    Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.onExit().join().exitValue())
        .as("%s, as root: %s", List.of(command), said)
        .isZero();
  }
}
