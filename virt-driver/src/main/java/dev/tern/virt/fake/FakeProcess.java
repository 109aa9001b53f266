package dev.tern.virt.fake;

import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.Guest.RunState;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.StreamKey;
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

  /** Per disk that moved onto a copy or a snapshot's overlay, where it is. */
  final Map<String, FakeCopies.Top> tops = new ConcurrentHashMap<>();

  volatile RunState state;
  volatile @Nullable IncomingEndpoints endpoints;
  volatile boolean exporting;

  /** What the streams that come in must be encrypted with; empty for plaintext. */
  volatile Optional<StreamKey> key = Optional.empty();

  private volatile boolean alive = true;

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

  boolean runs() {
    return alive && state == RunState.RUNNING;
  }

  boolean listensOn(String address, int port) {
    IncomingEndpoints open = endpoints;
    return open != null
        && open.address().equals(address)
        && (open.migrationPort() == port || (exporting && open.nbdPort() == port));
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
      tellGone();
    }
  }

  private void tellGone() {
    for (Runnable listener : List.copyOf(goneListeners)) {
      if (goneListeners.remove(listener)) {
        Thread.ofVirtual().name("fake-gone-" + pid).start(listener);
      }
    }
  }
}
