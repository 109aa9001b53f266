package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Ports for incoming guests: tried by binding, and not given twice before QEMU has bound them. */
final class Ports {
  private static final Duration LOOK_EVERY = Duration.ofMillis(200);

  private final InetAddress address;
  private final int first;
  private final int last;

  /** Guards {@link #given} and {@link #next}. */
  private final ReentrantLock choosing = new ReentrantLock();

  private final Condition released = choosing.newCondition();

  private final Set<Integer> given = new HashSet<>();
  private int next;

  Ports(InetAddress address, int first, int last) {
    this.address = address;
    this.first = first;
    this.last = last;
    this.next = first;
  }

  /** Two ports that are free, kept until closed. */
  record Pair(int nbd, int migration, Ports of) implements AutoCloseable {
    @Override
    public void close() {
      of.release(this);
    }
  }

  /**
   * @throws ComputeException when every port is taken
   */
  Pair take() {
    choosing.lock();
    try {
      int nbd = one();
      try {
        return new Pair(nbd, one(), this);
      } catch (ComputeException e) {
        given.remove(nbd);
        throw e;
      }
    } finally {
      choosing.unlock();
    }
  }

  /** Someone who waits for ports. */
  interface Waiting {
    /**
     * Called before each wait.
     *
     * @throws ComputeException when there is no use in waiting any longer
     */
    void waits() throws IOException;
  }

  /**
   * As {@link #take()}, once there are ports.
   *
   * @throws ComputeException when there were none for as long as {@code patience}
   */
  Pair take(Duration patience, Waiting waiting) throws IOException, InterruptedException {
    long until = System.nanoTime() + patience.toNanos();
    choosing.lock();
    try {
      while (true) {
        try {
          return take();
        } catch (ComputeException taken) {
          waiting.waits();
          if (System.nanoTime() >= until) {
            throw taken;
          }
          // Those that QEMU has are given back without a word, so they are looked at again.
          var _ = released.awaitNanos(LOOK_EVERY.toNanos());
        }
      }
    } finally {
      choosing.unlock();
    }
  }

  private int one() {
    for (int tried = 0; tried <= last - first; tried++) {
      int port = next;
      // Round robin: a port that was just given up may still see a late connection.
      next = next == last ? first : next + 1;
      if (!given.contains(port) && bindable(port)) {
        given.add(port);
        return port;
      }
    }
    throw new ComputeException(
        ErrorCode.MIGRATION_PRE_CHECK_ERROR,
        "All ports from %d to %d for incoming guests are taken on this host."
            .formatted(first, last),
        null);
  }

  private boolean bindable(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(address, port));
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  private void release(Pair pair) {
    choosing.lock();
    try {
      given.remove(pair.nbd());
      given.remove(pair.migration());
      released.signalAll();
    } finally {
      choosing.unlock();
    }
  }
}
