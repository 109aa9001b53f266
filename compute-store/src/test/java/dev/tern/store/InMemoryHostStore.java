package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.contract.VmState;
import dev.tern.contract.host.HostReport;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

final class InMemoryHostStore implements HostStore {
  private static final Duration SILENCE = Duration.ofSeconds(30);

  private final Memory memory;
  private final Map<List<String>, ServiceBeatEntity> beats = new LinkedHashMap<>();

  InMemoryHostStore(Memory memory) {
    this.memory = memory;
  }

  void clear() {
    beats.clear();
  }

  @Override
  public void report(HostReport report) {
    synchronized (memory) {
      HostEntity known = memory.hosts.get(report.host().value());
      if (known != null && !isNewer(report, known)) {
        return;
      }
      HostEntity host =
          memory.hosts.computeIfAbsent(
              report.host().value(),
              name -> {
                HostEntity made = new HostEntity();
                made.name = name;
                made.number = Math.toIntExact(memory.nextNumber());
                made.uuid = memory.nextId();
                made.serviceUuid = memory.nextId();
                return made;
              });
      host.removed = host.removed && host.agentStartedAtMillis == report.agentStartedAtMillis();
      host.agentStartedAtMillis = report.agentStartedAtMillis();
      host.sequence = report.sequence();
      host.report = Json.of(report);
      host.lastSeen = memory.now;
    }
  }

  private boolean isNewer(HostReport report, HostEntity known) {
    int start = Long.compare(report.agentStartedAtMillis(), known.agentStartedAtMillis);
    return start > 0
        || (start == 0 && report.sequence() > known.sequence)
        || (start < 0 && known.lastSeen.isBefore(memory.now.minus(SILENCE)));
  }

  @Override
  public Optional<HostRecord> find(HostName host, Duration downAfter) {
    synchronized (memory) {
      return Optional.ofNullable(memory.hosts.get(host.value()))
          .filter(found -> !found.removed)
          .map(found -> toRecord(found, downAfter));
    }
  }

  @Override
  public Optional<HostRecord> find(UUID hypervisorOrService, Duration downAfter) {
    synchronized (memory) {
      return memory.hosts.values().stream()
          .filter(host ->
              host.uuid.equals(hypervisorOrService) || host.serviceUuid.equals(hypervisorOrService))
          .filter(host -> !host.removed)
          .findFirst()
          .map(found -> toRecord(found, downAfter));
    }
  }

  @Override
  public List<HostRecord> list(Duration downAfter, int afterNumber, int limit) {
    synchronized (memory) {
      return memory.hosts.values().stream()
          .filter(host -> !host.removed && Objects.requireNonNull(host.number) > afterNumber)
          .limit(limit)
          .map(host -> toRecord(host, downAfter))
          .toList();
    }
  }

  @Override
  public Map<HostName, HostState> states(Collection<HostName> hosts, Duration downAfter) {
    synchronized (memory) {
      Map<HostName, HostState> states = new HashMap<>();
      for (HostName name : hosts) {
        find(name, downAfter)
            .ifPresent(host ->
                states.put(name, new HostState(host.up(), host.disabled(), host.forcedDown())));
      }
      return states;
    }
  }

  @Override
  public List<HostGlance> glances(Duration downAfter) {
    synchronized (memory) {
      return list(downAfter, 0, Integer.MAX_VALUE).stream()
          .map(host ->
              new HostGlance(
                  host.report().host(),
                  host.report().agentStartedAtMillis(),
                  host.report().sequence(),
                  host.up(),
                  host.disabled(),
                  host.disabledReason(),
                  host.forcedDown(),
                  host.claimed(),
                  host.activeMigrations()))
          .toList();
    }
  }

  @Override
  public Map<HostName, HostReport> reports(Collection<HostName> hosts) {
    synchronized (memory) {
      Map<HostName, HostReport> reports = new HashMap<>();
      for (HostName name : hosts) {
        find(name, Duration.ZERO).ifPresent(host -> reports.put(name, host.report()));
      }
      return reports;
    }
  }

  private HostRecord toRecord(HostEntity host, Duration downAfter) {
    long servers =
        memory.servers.values().stream()
            .filter(each -> host.name.equals(each.host) && each.vmState != VmState.DELETED)
            .count();
    long migrations =
        memory.migrations.values().stream()
            .filter(each -> each.endedAt == null)
            .filter(each -> host.name.equals(each.source) || host.name.equals(each.destination))
            .count();
    return new HostRecord(
        Objects.requireNonNull(host.number),
        host.uuid,
        host.serviceUuid,
        Json.read(HostReport.class, host.report),
        !host.forcedDown && !host.lastSeen.isBefore(memory.now.minus(downAfter)),
        host.lastSeen,
        host.disabled,
        Optional.ofNullable(host.disabledReason),
        host.forcedDown,
        InMemoryClaimStore.claimedOn(memory, host.name),
        Math.toIntExact(servers),
        Math.toIntExact(migrations));
  }

  private boolean change(HostName name, Consumer<HostEntity> change) {
    synchronized (memory) {
      Optional<HostEntity> host = Optional.ofNullable(memory.hosts.get(name.value()));
      host.ifPresent(change);
      return host.isPresent();
    }
  }

  @Override
  public boolean setDisabled(HostName name, boolean disabled, Optional<String> reason) {
    return change(
        name,
        host -> {
          InMemoryDrainStore.decided(memory, host.name, disabled);
          host.disabled = disabled;
          host.disabledReason = disabled ? reason.orElse(null) : null;
        });
  }

  @Override
  public boolean setForcedDown(HostName name, boolean forcedDown) {
    return change(name, host -> host.forcedDown = forcedDown);
  }

  @Override
  public boolean removeService(UUID service) {
    synchronized (memory) {
      Optional<HostEntity> found =
          memory.hosts.values().stream()
              .filter(host -> !host.removed && host.serviceUuid.equals(service))
              .findFirst();
      if (found.isEmpty()) {
        return beats.values().removeIf(beat -> beat.uuid.equals(service));
      }
      HostEntity host = found.get();
      HostRecord now = toRecord(host, Duration.ZERO);
      if (now.activeMigrations() > 0) {
        throw HibernateHostStore.migrating();
      }
      boolean claimed =
          memory.claims.values().stream()
              .anyMatch(claim -> claim.releasedAt == null && host.name.equals(claim.host));
      if (now.runningServers() > 0 || claimed) {
        throw HibernateHostStore.hosting();
      }
      memory.aggregates.replaceAll((_, each) -> InMemoryAggregateStore.without(each, host.name));
      InMemoryDrainStore.decided(memory, host.name, false);
      host.removed = true;
      host.disabled = false;
      host.disabledReason = null;
      host.forcedDown = false;
      return true;
    }
  }

  @Override
  public void beat(String binary, String instance) {
    synchronized (memory) {
      ServiceBeatEntity beat =
          beats.computeIfAbsent(
              List.of(binary, instance),
              _ -> {
                ServiceBeatEntity made = new ServiceBeatEntity();
                made.number = Math.toIntExact(memory.nextNumber());
                made.uuid = memory.nextId();
                made.service = binary;
                made.instance = instance;
                return made;
              });
      beat.lastSeen = memory.now;
    }
  }

  @Override
  public List<ServiceBeat> beats(Duration downAfter) {
    synchronized (memory) {
      return beats.values().stream()
          .map(beat ->
              new ServiceBeat(
                  Objects.requireNonNull(beat.number),
                  beat.uuid,
                  beat.service,
                  beat.instance,
                  !beat.lastSeen.isBefore(memory.now.minus(downAfter)),
                  beat.lastSeen))
          .toList();
    }
  }
}
