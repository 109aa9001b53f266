package dev.tern.conductor.drain;

import dev.tern.conductor.asking.Agents;
import dev.tern.conductor.drain.Finding.Unanswered;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.RequestId;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest.DescribeDisks;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.Disk;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostAnswer.GuestWrites;
import dev.tern.store.ClaimStore;
import dev.tern.store.ColdMigrationStore;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.DrainStore;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.Occupancy;
import dev.tern.store.DrainStore.Resident;
import dev.tern.store.ForecastSettings;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.HostStore.HostState;
import dev.tern.store.Link;
import dev.tern.store.MigrationStore;
import dev.tern.store.MigrationStore.MigrationQuery;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.ServerStore;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;

/** What is true of hosts, servers and migrations while one look at a drain is taken. */
public final class DrainFacts {
  private static final int PAGE = 500;
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final Sources sources;
  private final DrainRecord drain;
  private final Map<HostName, Boolean> open = new HashMap<>();
  private boolean silent;

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
      ColdMigrationStore coldMigrations,
      ClaimStore claims,
      Agents agents,
      GuestWatches watches,
      Supplier<UUID> newIds,
      Duration hostDownAfter,
      ForecastSettings forecasts) {}

  Optional<ServerRecord> server(ServerId id) {
    return sources.servers().find(id);
  }

  /** Those of them that there are, in one question. */
  Map<ServerId, ServerRecord> servers(Collection<ServerId> ids) {
    return sources.servers().find(ids);
  }

  Optional<MigrationRecord> migration(MigrationId id) {
    return sources.migrations().find(id);
  }

  Optional<ColdMigrationRecord> coldMigration(MigrationId id) {
    return sources.coldMigrations().find(id.value());
  }

  Optional<HostRecord> host() {
    return sources.hosts().find(drain.host(), sources.hostDownAfter());
  }

  /** All hosts that take servers. */
  List<HostRecord> openHosts() {
    List<HostRecord> open = new ArrayList<>();
    int after = 0;
    while (true) {
      List<HostRecord> page = sources.hosts().list(sources.hostDownAfter(), after, PAGE);
      page.stream().filter(DrainFacts::open).forEach(open::add);
      if (page.size() < PAGE) {
        return open;
      }
      after = page.getLast().number();
    }
  }

  List<Resident> residents(Collection<HostName> hosts) {
    return sources.drains().residents(hosts);
  }

  Occupancy occupancy() {
    return sources.drains().occupancy(drain.host());
  }

  /** Whether the host that is emptied answers. */
  boolean hostIsUp() {
    return Optional.ofNullable(
            sources.hosts().states(Set.of(drain.host()), sources.hostDownAfter()).get(drain.host()))
        .filter(HostState::up)
        .isPresent();
  }

  /** Whether each of them takes servers at all, in one question; the same all the while. */
  boolean open(Collection<HostName> names) {
    Set<HostName> unknown = new HashSet<>(names);
    unknown.removeAll(open.keySet());
    if (!unknown.isEmpty()) {
      Map<HostName, HostState> states = sources.hosts().states(unknown, sources.hostDownAfter());
      unknown.forEach(name ->
          open.put(
              name,
              Optional.ofNullable(states.get(name))
                  .filter(host -> host.up() && !host.forcedDown() && !host.disabled())
                  .isPresent()));
    }
    return names.stream().allMatch(name -> open.getOrDefault(name, false));
  }

  /** Migrations under way to each of them, if any, whoever asked for them. */
  Map<HostName, Integer> arriving(Collection<HostName> hosts) {
    return sources.drains().arriving(hosts);
  }

  private static boolean open(HostRecord host) {
    return host.up() && !host.forcedDown() && !host.disabled();
  }

  /**
   * What there is to move of a server.
   *
   * @param cold why its guest does not run meanwhile, so that its memory is not sent
   * @param known bytes, when they were found out before
   */
  Guest guest(
      ServerRecord server,
      Map<HostName, String> refused,
      Optional<String> cold,
      Optional<Long> known)
      throws InterruptedException {
    long claimed =
        sources.claims().of(server.id()).stream()
            .filter(claim -> Optional.of(claim.host()).equals(server.host()))
            .mapToLong(claim -> claim.share().diskBytes())
            .findFirst()
            .orElse(0);
    long disk = known.isPresent() ? claimed : Math.min(claimed, allocated(server).orElse(claimed));
    long memory = cold.isPresent() ? 0 : server.flavor().memoryMib() << 20;
    return new Guest(
        server.id(),
        new Resources(server.flavor().vcpus(), server.flavor().memoryMib(), disk),
        known.orElse(memory + (disk < claimed ? disk : sent(server.id()).orElse(disk))),
        refused,
        cold,
        server.vmState() != VmState.STOPPED,
        server.nextTo());
  }

  /**
   * What its disks have on its host, as that says; it is asked once, and no more if it is silent.
   */
  private Optional<Long> allocated(ServerRecord server) throws InterruptedException {
    if (silent || server.host().isEmpty()) {
      return Optional.empty();
    }
    Header header =
        new Header(
            RequestId.of(sources.newIds().get()), server.id(), server.epoch(), Optional.empty());
    return switch (sources.agents().ask(server.host().get(), new DescribeDisks(header), PATIENCE)) {
      case Asked.Answered(AgentAnswer.Done(AgentResult.DiskReport(List<Disk> disks))) ->
          Optional.of(disks.stream().mapToLong(Disk::allocatedBytes).sum());
      case Asked.Answered<AgentAnswer> _ -> Optional.empty();
      case Asked.NoAnswer<AgentAnswer> _ -> {
        silent = true;
        yield Optional.empty();
      }
    };
  }

  /** As many as it had to send when it moved last. */
  private Optional<Long> sent(ServerId server) {
    return sources.migrations().list(completed(server)).stream()
        .findFirst()
        .map(MigrationRecord::diskProcessed)
        .filter(bytes -> bytes > 0);
  }

  /** How fast migrations leave the host. */
  Link link() {
    return Link.between(
        sources.migrations(),
        drain.host(),
        Optional.empty(),
        sources.forecasts().assumedBytesPerSecond());
  }

  /**
   * How much guests write, as far as that is known.
   *
   * @throws Unanswered while they are being watched
   */
  Map<ServerId, GuestWrites> writes(Map<HostName, List<ServerId>> guests, Instant now)
      throws Unanswered {
    return sources
        .watches()
        .of(drain, guests, now)
        .orElseThrow(() ->
            new Unanswered(
                "The guests are watched for a second: what they write says how long they take."));
  }

  private static MigrationQuery completed(ServerId server) {
    return new MigrationQuery(
        Optional.of(server),
        Optional.empty(),
        Optional.empty(),
        Optional.of(MigrationStatus.COMPLETED),
        false,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        1);
  }
}
