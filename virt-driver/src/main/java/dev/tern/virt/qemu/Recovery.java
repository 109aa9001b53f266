package dev.tern.virt.qemu;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.Commands.YankInstance;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** The way back home from whatever an unfinished migration left. May run any number of times. */
final class Recovery {
  private static final Set<String> UNDER_WAY =
      Set.of("setup", "active", "pre-switchover", "device", "cancelling", "wait-unplug");
  private static final Duration CANCELS = Duration.ofMillis(600);

  private final Session session;
  private final DiskMirrors mirrors;
  private final StreamCredentials credentials;

  Recovery(Session session, DiskMirrors mirrors, StreamCredentials credentials) {
    this.session = session;
    this.mirrors = mirrors;
    this.credentials = credentials;
  }

  /** Ends the migration and the mirrors; the guest runs afterwards if {@code run}. */
  void bringHome(boolean run) throws VirtException, InterruptedException {
    cancelMigration();
    boolean runs = run && contWorked();
    mirrors.cancel();
    if (run && !runs && !session.call(new Commands.QueryStatus()).running()) {
      session.call(new Commands.Cont());
    }
    dropStreams();
  }

  /** Mirrors and the key they and the memory were sent with. Harmless when there are none. */
  void dropStreams() throws VirtException, InterruptedException {
    mirrors.cancel();
    MigrationSettings.encryption(session, "");
    credentials.remove();
  }

  /** The guest first; what is left of the mirrors can wait, unless it is in the way. */
  private boolean contWorked() throws VirtException {
    if (session.call(new Commands.QueryStatus()).running()) {
      return true;
    }
    try {
      session.call(new Commands.Cont());
      return true;
    } catch (VirtException e) {
      if (e.kind() != Kind.REFUSED) {
        throw e;
      }
      return false;
    }
  }

  private void cancelMigration() throws VirtException, InterruptedException {
    String status = session.migrationStatus();
    if (!UNDER_WAY.contains(status)) {
      return;
    }
    if (!status.equals("cancelling")) {
      // Before the destination ends with its stream: see OutgoingMigration.cancel.
      mirrors.hangUp();
      session.call(new Commands.MigrateCancel());
    }
    if (session.await(CANCELS, this::migrationEnded)) {
      return;
    }
    // On a dead link the cancelled migration waits for its socket.
    session.callUnlessRefused(new Commands.Yank(List.of(new YankInstance("migration", null))));
    // Cancelled in the moment in which it went to pause before the switch, it waits there for
    // ever, with its guest stopped, and another cancel does not wake it. QEMU takes this for the
    // state it is in, whichever that is.
    session.callUnlessRefused(new Commands.MigrateContinue("cancelling"));
    if (!session.await(CANCELS, this::migrationEnded)) {
      throw new VirtException(Kind.NO_ANSWER, "The migration does not end.", null);
    }
  }

  private boolean migrationEnded() throws VirtException {
    return !UNDER_WAY.contains(session.migrationStatus());
  }
}
