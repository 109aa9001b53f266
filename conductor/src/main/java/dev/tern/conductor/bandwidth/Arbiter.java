package dev.tern.conductor.bandwidth;

import dev.tern.conductor.bandwidth.Sharing.Budget;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.store.ColdMigrationStore;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.MigrationStore;
import dev.tern.store.MigrationStore.MigrationQuery;
import dev.tern.store.MigrationStore.MigrationRecord;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Gives each migration that moves data its share: of the cluster's bandwidth, of what may leave its
 * source and come to its destination, and of its drain's. What it gives is in the database; the
 * conductor that runs a migration tells its source, which keeps disks and memory together within
 * it. It keeps nothing itself, so several divide alike.
 */
public final class Arbiter {
  private static final int MOST = 1_000;

  private final MigrationStore migrations;
  private final ColdMigrationStore coldMigrations;
  private final DrainStore drains;
  private final BandwidthSettings settings;

  public Arbiter(
      MigrationStore migrations,
      ColdMigrationStore coldMigrations,
      DrainStore drains,
      BandwidthSettings settings) {
    this.migrations = migrations;
    this.coldMigrations = coldMigrations;
    this.drains = drains;
    this.settings = settings;
  }

  /** Divides once. */
  public void look() {
    List<MigrationRecord> moving = moving();
    if (moving.isEmpty()) {
      return;
    }
    Map<MigrationId, Long> shares = Sharing.divide(budgets(moving));
    moving.forEach(migration -> {
      Optional<Long> share = Optional.ofNullable(shares.get(migration.id()));
      if (!share.equals(migration.wishes().share())) {
        migrations.share(migration.id(), share);
      }
    });
  }

  /** Those that send data, or will in a moment: they begin with their share. */
  private List<MigrationRecord> moving() {
    MigrationQuery inProgress =
        new MigrationQuery(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            true,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            MOST);
    return migrations.list(inProgress).stream()
        .filter(migration ->
            switch (migration.phase()) {
              case PREPARE, PERFORM -> true;
              case BEGIN, FINISH, CONFIRM -> false;
            })
        .toList();
  }

  private List<Budget<MigrationId>> budgets(List<MigrationRecord> moving) {
    List<Budget<MigrationId>> budgets = new ArrayList<>();
    if (settings.cluster() > 0) {
      budgets.add(
          new Budget<>(
              settings.cluster(),
              moving.stream().map(MigrationRecord::id).collect(Collectors.toSet())));
    }
    budgets.addAll(perHost(moving, settings.hostOut(), each -> Optional.of(each.source())));
    budgets.addAll(perHost(moving, settings.hostIn(), MigrationRecord::destination));
    Set<MigrationId> there = moving.stream().map(MigrationRecord::id).collect(Collectors.toSet());
    for (DrainRecord drain : drains.open(MOST)) {
      drain
          .wishes()
          .limits()
          .bytesPerSecond()
          .ifPresent(most -> {
            List<DrainServer> its =
                drains.servers(drain.id()).stream()
                    .filter(server -> server.state() == ServerState.MOVING)
                    .toList();
            Set<MigrationId> live =
                its.stream()
                    .map(DrainServer::migration)
                    .flatMap(Optional::stream)
                    .filter(there::contains)
                    .collect(Collectors.toSet());
            budgets.add(new Budget<>(Math.max(1, most - sentCold(its)), live));
          });
    }
    return budgets;
  }

  /** Bytes per second that are given away until those that move cold have arrived. */
  private long sentCold(List<DrainServer> moving) {
    return moving.stream()
        .filter(DrainServer::cold)
        .flatMap(server -> server.migration().stream())
        .flatMap(id -> coldMigrations.find(id.value()).stream())
        .filter(migration -> migration.finishedAt().isEmpty() && migration.endedAt().isEmpty())
        .mapToLong(migration -> migration.bytesPerSecond().orElse(0L))
        .sum();
  }

  private static List<Budget<MigrationId>> perHost(
      List<MigrationRecord> moving,
      long bytesPerSecond,
      Function<MigrationRecord, Optional<HostName>> end) {
    if (bytesPerSecond == 0) {
      return List.of();
    }
    Map<HostName, Set<MigrationId>> byHost = new HashMap<>();
    moving.forEach(migration ->
        end.apply(migration)
            .ifPresent(
                host -> byHost.computeIfAbsent(host, _ -> new HashSet<>()).add(migration.id())));
    return byHost.values().stream().map(its -> new Budget<>(bytesPerSecond, its)).toList();
  }
}
