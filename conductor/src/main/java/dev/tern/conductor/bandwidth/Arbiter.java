package dev.tern.conductor.bandwidth;

import dev.tern.conductor.bandwidth.Sharing.Budget;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.store.ColdMigrationStore;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
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
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Gives each migration that moves data its share: of the cluster's bandwidth, of what may leave its
 * source and come to its destination, and of its drain's, whether its guest runs meanwhile or not.
 * What it gives is in the database; the conductor that runs a migration tells its source, which
 * keeps disks and memory together within it. It keeps nothing itself, so several divide alike.
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

  /**
   * One that sends data.
   *
   * @param share that it has now
   */
  private record Member(
      UUID id, HostName source, Optional<HostName> destination, Optional<Long> share) {}

  /** Divides once. */
  public void look() {
    List<MigrationRecord> live = moving();
    List<ColdMigrationRecord> cold = coldMigrations.sending();
    if (live.isEmpty() && cold.isEmpty()) {
      return;
    }
    List<Member> moving = new ArrayList<>();
    live.forEach(one ->
        moving.add(
            new Member(one.id().value(), one.source(), one.destination(), one.wishes().share())));
    cold.forEach(one ->
        moving.add(new Member(one.id(), one.source(), one.destination(), one.bytesPerSecond())));
    Map<UUID, Long> shares = Sharing.divide(budgets(moving));
    for (int number = 0; number < moving.size(); number++) {
      Member one = moving.get(number);
      Optional<Long> share = Optional.ofNullable(shares.get(one.id()));
      if (share.equals(one.share())) {
        continue;
      }
      if (number < live.size()) {
        migrations.share(new MigrationId(one.id()), share);
      } else {
        coldMigrations.share(one.id(), share);
      }
    }
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

  private List<Budget<UUID>> budgets(List<Member> moving) {
    List<Budget<UUID>> budgets = new ArrayList<>();
    Set<UUID> there = moving.stream().map(Member::id).collect(Collectors.toSet());
    if (settings.cluster() > 0) {
      budgets.add(new Budget<>(settings.cluster(), there));
    }
    budgets.addAll(perHost(moving, settings.hostOut(), each -> Optional.of(each.source())));
    budgets.addAll(perHost(moving, settings.hostIn(), Member::destination));
    for (DrainRecord drain : drains.open(MOST)) {
      drain
          .wishes()
          .limits()
          .bytesPerSecond()
          .ifPresent(most ->
              budgets.add(
                  new Budget<>(
                      most,
                      drains.servers(drain.id()).stream()
                          .filter(server -> server.state() == ServerState.MOVING)
                          .flatMap(server -> server.migration().stream())
                          .map(MigrationId::value)
                          .filter(there::contains)
                          .collect(Collectors.toSet()))));
    }
    return budgets;
  }

  private static List<Budget<UUID>> perHost(
      List<Member> moving, long bytesPerSecond, Function<Member, Optional<HostName>> end) {
    if (bytesPerSecond == 0) {
      return List.of();
    }
    Map<HostName, Set<UUID>> byHost = new HashMap<>();
    moving.forEach(one ->
        end.apply(one)
            .ifPresent(host -> byHost.computeIfAbsent(host, _ -> new HashSet<>()).add(one.id())));
    return byHost.values().stream().map(its -> new Budget<>(bytesPerSecond, its)).toList();
  }
}
