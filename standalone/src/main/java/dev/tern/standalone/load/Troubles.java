package dev.tern.standalone.load;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** What went wrong in the load's own threads, of which nobody waits for an exception. */
final class Troubles {
  private final List<String> all = new ArrayList<>(); // guarded by itself

  void add(String what) {
    synchronized (all) {
      all.add(what);
    }
  }

  List<String> all() {
    synchronized (all) {
      return List.copyOf(all);
    }
  }

  /** Runs what a thread is for; whatever it throws is kept, and makes the run red. */
  void run(String what, Callable<?> work) {
    try {
      Object _ = work.call();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      add("%s: %s".formatted(what, e));
    }
  }
}
