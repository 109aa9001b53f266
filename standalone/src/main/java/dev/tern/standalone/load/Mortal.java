package dev.tern.standalone.load;

import java.io.Closeable;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * One life of a part. Whatever it does to the world it does under {@link #act}, so that when {@link
 * #die} has returned nothing of it is under way and nothing more will be done.
 */
final class Mortal {
  /** Thrown into the threads of the dead. An error, so that no handler of failures takes it up. */
  static final class Died extends Error {
    private static final long serialVersionUID = 1L;

    Died() {
      super("this part of Tern was killed", null, false, false);
    }
  }

  /** Something done to the world. */
  @FunctionalInterface
  interface Act<T, E extends Exception> {
    T run() throws E;
  }

  private final ReentrantReadWriteLock acting = new ReentrantReadWriteLock();
  private final Set<Closeable> open = ConcurrentHashMap.newKeySet();
  private boolean dead; // guarded by acting

  /** Does it, whole, unless dead. */
  <T, E extends Exception> T act(Act<T, E> act) throws E {
    acting.readLock().lock();
    try {
      check();
      return act.run();
    } finally {
      acting.readLock().unlock();
    }
  }

  /** Within {@link #act}: a moment in which it may die. */
  void mayDie(Runnable moment) {
    acting.readLock().unlock();
    try {
      moment.run();
    } finally {
      acting.readLock().lock();
    }
    check();
  }

  private void check() {
    if (dead) {
      throw new Died();
    }
  }

  /** What the kernel closes when a process ends. */
  <C extends Closeable> C holds(C thing) {
    open.add(thing);
    return thing;
  }

  void lets(Closeable thing) {
    open.remove(thing);
  }

  /** Ends this life; waits for the calls that are with the kernel. */
  void die() throws IOException {
    acting.writeLock().lock();
    try {
      dead = true;
      for (Closeable thing : open) {
        thing.close();
      }
      open.clear();
    } finally {
      acting.writeLock().unlock();
    }
  }
}
