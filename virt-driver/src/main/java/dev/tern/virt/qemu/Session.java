package dev.tern.virt.qemu;

import dev.tern.virt.Pauses;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.QmpCommand;
import dev.tern.virt.qmp.QmpMonitor;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One QEMU as the parts of the driver share it: process, monitor, settings. */
record Session(
    QemuProcess process,
    QmpMonitor monitor,
    Abilities abilities,
    QemuSettings settings,
    Pauses pauses,
    Progress moved) {
  private static final Logger log = LoggerFactory.getLogger(Session.class);

  Session(
      QemuProcess process,
      QmpMonitor monitor,
      QemuSettings settings,
      Pauses pauses,
      Progress moved) {
    this(process, monitor, new Abilities(monitor), settings, pauses, moved);
  }

  <R> R call(QmpCommand<R> command) throws VirtException {
    return monitor.call(command);
  }

  /** As {@link #call(QmpCommand)}, with a patience of its own. */
  <R> R call(QmpCommand<R> command, Duration patience) throws VirtException {
    return monitor.call(command, patience);
  }

  /** Sends a command whose refusal means that there is nothing left to do. */
  void callUnlessRefused(QmpCommand<?> command) throws VirtException {
    try {
      var _ = monitor.call(command);
    } catch (VirtException e) {
      if (e.kind() != Kind.REFUSED) {
        throw e;
      }
      log.atDebug().addKeyValue("step", command.command()).log("nothing to do");
    }
  }

  String migrationStatus() throws VirtException {
    String status = call(new Commands.QueryMigrate()).status();
    return status == null ? "none" : status;
  }

  /** Waits until {@code done} says so; false when it did not within {@code patience}. */
  boolean await(Duration patience, Look done) throws VirtException, InterruptedException {
    long until = System.nanoTime() + patience.toNanos();
    while (!done.look()) {
      if (System.nanoTime() > until) {
        return false;
      }
      pauses.pause(Duration.ofMillis(5));
    }
    return true;
  }

  /** A look at QEMU's state. */
  interface Look {
    boolean look() throws VirtException;
  }
}
