package dev.tern.conductor.migration;

import dev.tern.conductor.asking.Watching;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.host.HostAnswer.GuestWrites;
import dev.tern.store.Link;
import dev.tern.store.MigrationStore;
import dev.tern.store.WatchedForecast;
import dev.tern.store.WatchedForecast.Load;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Says what a migration will take, before anything of it moves. Its guest is watched meanwhile,
 * unless it was a short while ago, and the migration does not wait for that: what is said when its
 * plan is made may have to do without, and is said anew when its data is about to move.
 */
public final class Foreseeing {
  /** A guest may begin to write at any moment: what is older says little. */
  private static final Duration FRESH = Duration.ofMinutes(1);

  private final By by;
  private final MigrationStore migrations;
  private final HostName source;
  private final ServerId server;
  private @Nullable CompletableFuture<Map<ServerId, GuestWrites>> watch;

  /**
   * Who watches, and what is assumed where nothing was measured.
   *
   * @param assumedBytesPerSecond of one migration
   */
  public record By(Watching watching, long assumedBytesPerSecond) {
    /** Nobody watches. */
    public static final By NOBODY = new By(Watching.NOBODY, 100_000_000);
  }

  public Foreseeing(By by, MigrationStore migrations, HostName source, ServerId server) {
    this.by = by;
    this.migrations = migrations;
    this.source = source;
    this.server = server;
  }

  /** Has the guest watched, if it is not already. */
  void watch() {
    if (watch == null) {
      watch = by.watching().begin(source, java.util.List.of(server), FRESH);
    }
  }

  /** How much the guest writes; empty while that is not known. */
  Optional<GuestWrites> writes() {
    return Optional.ofNullable(watch)
        .filter(begun -> begun.isDone() && !begun.isCompletedExceptionally())
        .map(CompletableFuture::join)
        .flatMap(told -> Optional.ofNullable(told.get(server)));
  }

  /** How fast it is likely to go there. */
  Link link(HostName destination, Optional<Long> limit) {
    return Link.between(migrations, source, Optional.of(destination), by.assumedBytesPerSecond())
        .atMost(limit);
  }

  /** What can be said now. */
  WatchedForecast of(Load load, Link link) {
    return WatchedForecast.of(load, writes(), link);
  }
}
