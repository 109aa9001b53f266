package dev.tern.simulation;

import java.lang.reflect.Constructor;
import java.util.concurrent.Executor;

/**
 * Virtual threads that run where an executor says. The JDK has them for its own tests: a virtual
 * thread hands each piece of itself, from one point where it waits to the next, to its scheduler,
 * and threads it starts have the same one. So the code under test starts threads as it always does,
 * and all of them take turns.
 */
final class OneThread {
  private static final Constructor<?> BUILDER = builder();

  private OneThread() {}

  private static Constructor<?> builder() {
    try {
      Constructor<?> found =
          Class.forName("java.lang.ThreadBuilders$VirtualThreadBuilder")
              .getDeclaredConstructor(Executor.class);
      found.setAccessible(true);
      return found;
    } catch (ReflectiveOperationException | RuntimeException e) {
      throw new IllegalStateException(
          "this JDK's virtual threads take no scheduler; needs --add-opens=java.base/java.lang", e);
    }
  }

  /** Starts a thread whose pieces that executor runs, and those of every thread it starts. */
  static Thread start(Executor scheduler, String name, Runnable work) {
    try {
      return ((Thread.Builder.OfVirtual) BUILDER.newInstance(scheduler)).name(name).start(work);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Lets others run. Does not return when the executor drops the piece that follows. */
  @SuppressWarnings("ThreadPriorityCheck") // who runs next is our own choice
  static void giveWay() {
    Thread.yield();
  }
}
