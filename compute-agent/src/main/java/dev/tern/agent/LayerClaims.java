package dev.tern.agent;

import dev.tern.contract.ServerId;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Which server's migration brings a layer here, so that no two bring the same. Who needs a layer
 * that another brings waits for the end of that, and looks again. Layers are claimed in the order
 * of their digests; so no two wait for each other.
 */
final class LayerClaims {
  /** Guards {@link #bringers}. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition released = lock.newCondition();
  private final Map<String, ServerId> bringers = new HashMap<>();

  /** Waits while another brings the layer; harmless when the server has the claim already. */
  void claim(String sha256, ServerId server) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!bringers.getOrDefault(sha256, server).equals(server)) {
        released.await();
      }
      bringers.put(sha256, server);
    } finally {
      lock.unlock();
    }
  }

  /** After a restart, before anybody asks. */
  void restore(String sha256, ServerId server) {
    lock.lock();
    try {
      bringers.put(sha256, server);
    } finally {
      lock.unlock();
    }
  }

  void release(String sha256, ServerId server) {
    lock.lock();
    try {
      bringers.remove(sha256, server);
      released.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void releaseAll(ServerId server) {
    lock.lock();
    try {
      bringers.values().removeIf(server::equals);
      released.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
