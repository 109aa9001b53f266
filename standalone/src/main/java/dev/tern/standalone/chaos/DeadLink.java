package dev.tern.standalone.chaos;

import dev.tern.contract.Pause;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** A link that loses everything, on the sockets there are and on those that come meanwhile. */
final class DeadLink {
  private static final Duration LOOK = Duration.ofMillis(10);

  private final Striker.Sockets link;
  private final CompletableFuture<@Nullable Void> watched = new CompletableFuture<>();
  private volatile boolean over;

  private DeadLink(Striker.Sockets link) {
    this.link = link;
  }

  /** It is dead when this returns. */
  static Striker.Healing begin(Striker.Sockets link) throws IOException {
    DeadLink dead = new DeadLink(link);
    dead.swallow();
    Thread.ofVirtual().name("dead-link").start(dead::watch);
    return dead::end;
  }

  private void swallow() throws IOException {
    for (Wires.Wire wire : link.now().toList()) {
      Wires.swallow(wire);
    }
  }

  private void watch() {
    try {
      while (!over) {
        Pause.SLEEPING.of(LOOK);
        swallow();
      }
      watched.complete(null);
    } catch (IOException | InterruptedException | RuntimeException e) {
      watched.completeExceptionally(e);
    }
  }

  private void end() throws IOException, InterruptedException {
    over = true;
    try {
      watched.get();
    } catch (ExecutionException e) {
      throw new IOException("the link could not be kept dead: " + e.getCause(), e);
    } finally {
      for (Wires.Wire wire : link.now().toList()) {
        Wires.release(wire);
      }
    }
  }
}
