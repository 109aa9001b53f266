package dev.tern.simulation;

import dev.tern.conductor.running.Stores;
import dev.tern.store.ClaimStore;
import dev.tern.store.InMemoryStores;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.random.RandomGenerator;

/** The one database: each transaction is one effect, and may fail or end unheard. */
final class Database {
  private final Turns turns;
  private final RandomGenerator random;
  private final int farMillis;
  private final InMemoryStores stores = new InMemoryStores();
  private final Runnable onClaim;

  /**
   * @param farMillis how long a transaction is on its way, at most; 0 when it is done at once
   * @param onClaim called after each claim that is made
   */
  Database(Turns turns, RandomGenerator random, int farMillis, Runnable onClaim) {
    this.turns = turns;
    this.random = random;
    this.farMillis = farMillis;
    this.onClaim = onClaim;
    turns.onPassed(stores::pass);
  }

  /** Undisturbed, for who looks on. */
  InMemoryStores stores() {
    return stores;
  }

  /** The database could not be asked, or its answer did not come. */
  static final class Unreachable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Unreachable(String why) {
      super(why);
    }
  }

  /** As conductors have them. */
  Stores watched() {
    return new Stores(
        watched(dev.tern.store.SagaStore.class, stores.sagas()),
        watched(dev.tern.store.ServerStore.class, stores.servers()),
        watched(dev.tern.store.MigrationStore.class, stores.migrations()),
        claims(),
        watched(dev.tern.store.HostStore.class, stores.hosts()),
        watched(dev.tern.store.ImageStore.class, stores.images()),
        watched(dev.tern.store.ActionStore.class, stores.actions()),
        watched(dev.tern.store.DiskCopyStore.class, stores.copies()),
        watched(dev.tern.store.VolumeStore.class, stores.volumes()),
        watched(dev.tern.store.FenceStore.class, stores.fences()),
        watched(dev.tern.store.EvacuationStore.class, stores.evacuations()),
        watched(dev.tern.store.ColdMigrationStore.class, stores.coldMigrations()),
        watched(dev.tern.store.AggregateStore.class, stores.aggregates()));
  }

  /** Others' transactions may come first, as they cannot while no time passes. */
  private void isSent() {
    if (farMillis == 0 || turns.running().isEmpty()) {
      return;
    }
    try {
      turns.pause(Duration.ofMillis(random.nextInt(farMillis)));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  ClaimStore claims() {
    return watched(ClaimStore.class, stores.claims());
  }

  <T> T watched(Class<T> type, T real) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, method, arguments) -> {
              Fault.Kind before = turns.effect("db " + method.getName());
              if (before == Fault.Kind.DATABASE_FAILS) {
                throw new Unreachable("the database cannot be reached");
              }
              isSent();
              Object result;
              try {
                result = method.invoke(real, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
              if (method.getName().equals("claim")) {
                onClaim.run();
              }
              if (before == Fault.Kind.COMMIT_UNHEARD) {
                throw new Unreachable("the connection broke while the database committed");
              }
              turns.effect("db did " + method.getName());
              return result;
            }));
  }
}
