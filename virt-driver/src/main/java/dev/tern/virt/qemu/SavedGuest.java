package dev.tern.virt.qemu;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.MemorySocket;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.LongConsumer;

/**
 * A guest's memory out of a QEMU and into another one, later, on the same host. It is QEMU's own
 * migration stream over a Unix socket in the instance's directory.
 */
final class SavedGuest {
  private static final Duration LOOK_EVERY = Duration.ofMillis(20);

  private final Session session;
  private final Recovery recovery;
  private final Path instance;

  SavedGuest(Session session, Recovery recovery, Path instance) {
    this.session = session;
    this.recovery = recovery;
    this.instance = instance;
  }

  /** See {@link dev.tern.virt.Guest#save}. */
  void save(WritableByteChannel to, LongConsumer progress)
      throws VirtException, InterruptedException {
    requireSavable();
    try (MonitorSockets at = MonitorSockets.of(instance, session.settings().runtime())) {
      try {
        stop();
        send(at.memory(), to, progress);
      } catch (VirtException | InterruptedException | RuntimeException e) {
        goOnAfter(e);
        throw e;
      }
    }
  }

  private void requireSavable() throws VirtException {
    if (!session.call(new Commands.QueryBlockJobs()).isEmpty()) {
      throw refused("A disk of the guest is being copied.", null);
    }
    String status = session.call(new Commands.QueryStatus()).status();
    switch (status) {
      // The last two: a former agent died with all of it sent, or while it was being sent.
      case "running", "paused", "postmigrate", "finish-migrate" -> {}
      default -> throw refused("The guest cannot be saved: QEMU says %s.".formatted(status), null);
    }
  }

  /** QEMU sends no guest twice that stands since it was sent: it is run and stopped in a breath. */
  private void stop() throws VirtException, InterruptedException {
    recovery.bringHome(false);
    String status = session.call(new Commands.QueryStatus()).status();
    if (status.equals("postmigrate") || status.equals("finish-migrate")) {
      var run = session.monitor().submit(new Commands.Cont());
      var stop = session.monitor().submit(new Commands.Stop());
      session.monitor().await(run);
      session.monitor().await(stop);
    } else {
      session.call(new Commands.Stop());
    }
  }

  private void send(Path socket, WritableByteChannel to, LongConsumer progress)
      throws VirtException, InterruptedException {
    MigrationSettings.toFile(session);
    StreamDescription.suppress(session.monitor(), false);
    try (MemorySocket stream = MemorySocket.listen(socket)) {
      CompletableFuture<Void> written = stream.receive(to);
      session.call(new Commands.Migrate("unix:" + socket));
      await(stream, written, progress, "saved");
    } catch (IOException e) {
      throw refused("The guest's memory cannot be taken from its QEMU.", e);
    }
  }

  /** See {@link dev.tern.virt.Guest#load}. */
  void load(ReadableByteChannel from, LongConsumer progress)
      throws VirtException, InterruptedException {
    String status = session.call(new Commands.QueryStatus()).status();
    if (!status.equals("inmigrate")) {
      throw refused(
          "The guest does not wait for its memory: QEMU says %s.".formatted(status), null);
    }
    MigrationSettings.toFile(session);
    StreamDescription.suppress(session.monitor(), false);
    try (MonitorSockets at = MonitorSockets.of(instance, session.settings().runtime())) {
      session.call(new Commands.MigrateIncoming("unix:" + at.memory()));
      try (MemorySocket stream = MemorySocket.connect(at.memory())) {
        await(stream, stream.send(from), progress, "restored");
      } catch (IOException e) {
        throw refused("The guest's memory cannot be given to its QEMU.", e);
      }
    }
  }

  /** Until QEMU says that it is done and every byte is where it was to go. */
  private void await(
      MemorySocket stream, CompletableFuture<Void> moved, LongConsumer progress, String wish)
      throws VirtException, InterruptedException {
    Duration patience = session.settings().deadlines().network();
    long bytes = -1;
    long since = System.nanoTime();
    while (true) {
      String status = session.migrationStatus();
      boolean ended = moved.isDone();
      if (moved.isCompletedExceptionally()) {
        throw refused("The guest could not be %s: %s.".formatted(wish, why(moved)), null);
      }
      switch (status) {
        case "completed" -> {
          if (ended) {
            progress.accept(stream.moved());
            return;
          }
        }
        case "failed", "cancelled" ->
            throw refused("The guest could not be %s: %s.".formatted(wish, said()), null);
        default -> {}
      }
      if (stream.moved() != bytes) {
        bytes = stream.moved();
        since = System.nanoTime();
        progress.accept(bytes);
      } else if (System.nanoTime() - since > patience.toNanos()) {
        throw refused(
            "The guest could not be %s: its memory stopped moving after %d bytes for %d s, and QEMU says %s."
                .formatted(wish, bytes, patience.toSeconds(), status),
            null);
      }
      session.pauses().pause(LOOK_EVERY);
    }
  }

  private String said() throws VirtException {
    String error = session.call(new Commands.QueryMigrate()).errorDesc();
    return error == null ? "QEMU's stream broke" : error;
  }

  private static String why(CompletableFuture<Void> moved) {
    try {
      moved.join();
      return "";
    } catch (CompletionException e) {
      Throwable cause = e.getCause();
      return String.valueOf(cause == null ? e.getMessage() : cause.getMessage());
    }
  }

  private void goOnAfter(Exception failure) throws InterruptedException {
    boolean interrupted = Thread.interrupted();
    try {
      recovery.bringHome(true);
    } catch (VirtException e) {
      failure.addSuppressed(e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static VirtException refused(String why, @org.jspecify.annotations.Nullable Exception e) {
    return new VirtException(Kind.REFUSED, why, e);
  }
}
