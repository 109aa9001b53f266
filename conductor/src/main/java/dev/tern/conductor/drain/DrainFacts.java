package dev.tern.conductor.drain;

import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.store.ClaimStore;
import dev.tern.store.DrainStore;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Occupancy;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.MigrationStore;
import dev.tern.store.MigrationStore.MigrationQuery;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.ServerStore;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What is true of hosts, servers and migrations while one look at a drain is taken. */
public final class DrainFacts {
  private static final int PAST = 20;

  private final Sources sources;
  private final DrainRecord drain;
  private final Map<HostName, Boolean> open = new HashMap<>();

  DrainFacts(Sources sources, DrainRecord drain) {
    this.sources = sources;
    this.drain = drain;
  }

  /** Where facts come from. */
  public record Sources(
      DrainStore drains,
      HostStore hosts,
      ServerStore servers,
      MigrationStore migrations,
      ClaimStore claims,
      Duration hostDownAfter) {}

  Optional<ServerRecord> server(ServerId id) {
    return sources.servers().find(id);
  }

  Optional<MigrationRecord> migration(MigrationId id) {
    return sources.migrations().find(id);
  }

  Optional<HostRecord> host() {
    return sources.hosts().find(drain.host(), sources.hostDownAfter());
  }

  Occupancy occupancy() {
    return sources.drains().occupancy(drain.host());
  }

  /** Whether a host takes servers at all. */
  boolean open(HostName name) {
    return open.computeIfAbsent(
        name,
        asked ->
            sources
                .hosts()
                .find(asked, sources.hostDownAfter())
                .filter(host -> host.up() && !host.forcedDown() && !host.disabled())
                .isPresent());
  }

  Guest guest(ServerRecord server, Map<HostName, String> refused) {
    long memory = server.flavor().memoryMib() << 20;
    long disk =
        sources.claims().of(server.id()).stream()
            .filter(claim -> Optional.of(claim.host()).equals(server.host()))
            .mapToLong(claim -> claim.share().diskBytes())
            .findFirst()
            .orElse(0);
    return new Guest(
        server.id(),
        new Resources(server.flavor().vcpus(), server.flavor().memoryMib(), disk),
        memory + sent(server.id()).orElse(disk),
        refused);
  }

  /** As many as it had to send when it moved last. */
  private Optional<Long> sent(ServerId server) {
    return sources.migrations().list(completed(Optional.of(server), Optional.empty(), 1)).stream()
        .findFirst()
        .map(MigrationRecord::diskProcessed)
        .filter(bytes -> bytes > 0);
  }

  List<MigrationRecord> past() {
    return sources.migrations().list(completed(Optional.empty(), Optional.of(drain.host()), PAST));
  }

  private static MigrationQuery completed(
      Optional<ServerId> server, Optional<HostName> source, int most) {
    return new MigrationQuery(
        server,
        Optional.empty(),
        source,
        Optional.of(MigrationStatus.COMPLETED),
        false,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        most);
  }
}
