package dev.tern.virt.qemu;

import dev.tern.virt.VirtException;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.QmpDeadlines;
import dev.tern.virt.qmp.QmpMonitor;
import java.nio.file.Path;
import java.time.Duration;

/** A property of one of QEMU's objects that is true or false; only tests ask for one. */
record QomGet(String path, String property) implements Commands.Query<Boolean> {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Asks the QEMU of an instance directory by its second monitor. */
  static boolean suppressesVmdesc(Path instance) throws VirtException {
    try (MonitorSockets sockets = MonitorSockets.of(instance, Path.of("/tmp"));
        QmpMonitor monitor =
            QmpMonitor.connect(
                sockets.second(), new QmpDeadlines(PATIENCE, PATIENCE, PATIENCE), PATIENCE)) {
      return monitor.call(new QomGet("/machine", "suppress-vmdesc"));
    }
  }
}
