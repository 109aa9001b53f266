package dev.tern.virt.fake;

import dev.tern.virt.DiskLedgers;
import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.Guest.RunState;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.StreamKey;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** One simulated QEMU. */
final class FakeProcess {
  private volatile LaunchRecipe recipe;
  private final long pid;
  private final List<Runnable> goneListeners = new CopyOnWriteArrayList<>();

  /** Completed normally when all of the guest arrived, exceptionally when the stream broke. */
  final CompletableFuture<Boolean> arrived = new CompletableFuture<>();

  /** Per disk, the process its mirror goes to. */
  final Map<String, FakeProcess> mirrors = new ConcurrentHashMap<>();

  /** Per disk, its copy under way. */
  final Map<String, FakeCopies.Job> copies = new ConcurrentHashMap<>();

  /** Per file that it has open, the ledgers in it. */
  final Map<Path, Map<String, DiskLedgers.Ledger>> ledgers = new ConcurrentHashMap<>();

  /** Per disk that moved onto a copy or a snapshot's overlay, where it is. */
  final Map<String, FakeCopies.Top> tops = new ConcurrentHashMap<>();

  volatile RunState state;

  /** Its own migration to another host. */
  volatile FakeStream.Stage stage = FakeStream.Stage.NONE;

  /** Where that goes, while it is under way. */
  volatile @Nullable FakeProcess sendsTo;

  /** Completed when its last migration has ended, however. */
  volatile CompletableFuture<Boolean> ended = CompletableFuture.completedFuture(true);

  /** Its guest has run in it, or arrived whole. */
  volatile boolean hasAll;

  /** The guest ran when its migration began. */
  volatile boolean ranBefore;

  /** Its guest may run at the destination before all its memory is there. */
  volatile boolean postCopy;

  /**
   * It waits for its peer's last word, and fails without it; once a post-copy began it waits on.
   */
  volatile boolean returnPath;

  /** Who has the rest of the memory of the guest that runs here; null when all is here. */
  volatile @Nullable FakeProcess memoryFrom;

  /** Its driver had it listen for the rest since the link broke. */
  volatile boolean listensAgain;

  /** All of the guest's last words are here, whatever becomes of the stream now. */
  volatile boolean loads;

  /**
   * The machine's property of that name: a stream that leaves ends with the last byte that is
   * needed, and one that comes in is not expected to go on behind it.
   */
  volatile boolean suppressVmdesc;

  /** The guest's acknowledged writes that disks and memory have. */
  volatile long written;

  /** The writes that mirrors have brought. */
  volatile long disksWritten;

  /** The writes that the memory under way knows of. */
  volatile long arriving;

  volatile @Nullable IncomingEndpoints endpoints;
  volatile boolean exporting;

  /** What the streams that come in must be encrypted with; empty for plaintext. */
  volatile Optional<StreamKey> key = Optional.empty();

  private volatile boolean alive = true;
  private final CompletableFuture<Boolean> gone = new CompletableFuture<>();

  FakeProcess(LaunchRecipe recipe, long pid, RunState state) {
    this.recipe = recipe;
    this.pid = pid;
    this.state = state;
  }

  String serverId() {
    return recipe.serverId();
  }

  LaunchRecipe recipe() {
    return recipe;
  }

  void disks(List<DiskRecipe> disks) {
    recipe = recipe.withDisks(disks);
  }

  long pid() {
    return pid;
  }

  boolean alive() {
    return alive;
  }

  /** A write of its guest finds no room, until there is some again. */
  boolean noRoom;

  boolean runs() {
    return alive && state == RunState.RUNNING;
  }

  boolean listensOn(String address, int port) {
    IncomingEndpoints open = endpoints;
    return open != null
        && open.address().equals(address)
        && (open.migrationPort() == port || (exporting && open.nbdPort() == port));
  }

  /** Completed when it has ended. */
  CompletableFuture<Boolean> gone() {
    return gone.copy();
  }

  void onGone(Runnable listener) {
    goneListeners.add(listener);
    if (!alive) {
      tellGone();
    }
  }

  synchronized void die() {
    if (alive) {
      alive = false;
      exporting = false;
      arrived.completeExceptionally(new IllegalStateException("QEMU ended"));
      ended.complete(true);
      gone.complete(true);
      tellGone();
    }
  }

  private void tellGone() {
    for (Runnable listener : List.copyOf(goneListeners)) {
      if (goneListeners.remove(listener)) {
        listener.run();
      }
    }
  }
}
