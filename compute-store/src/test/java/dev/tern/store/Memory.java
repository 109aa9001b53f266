package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.NbdExport;
import dev.tern.contract.agent.VolumeAddress;
import dev.tern.store.Requests.Refusals;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.LeaseLostException;
import dev.tern.store.SagaStore.SagaKind;
import dev.tern.store.ServerStore.Requested;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The tables, and what requests and endings have in common. Guarded by its own lock. */
final class Memory {
  final Map<UUID, ServerEntity> servers = new LinkedHashMap<>();
  final Map<UUID, MigrationEntity> migrations = new LinkedHashMap<>();
  final Map<UUID, SagaEntity> sagas = new LinkedHashMap<>();
  final List<SagaLogEntity> log = new ArrayList<>();
  final List<ActionEntity> actions = new ArrayList<>();
  final List<ActionEventEntity> events = new ArrayList<>();
  final Map<String, HostEntity> hosts = new LinkedHashMap<>();
  final Map<UUID, ClaimEntity> claims = new LinkedHashMap<>();
  final Map<UUID, DiskCopyEntity> copies = new LinkedHashMap<>();
  final Map<UUID, VolumeEntity> volumes = new LinkedHashMap<>();
  final List<ReceiptEntity> receipts = new ArrayList<>();
  final List<DecisionStore.KeptDecision> decisions = new ArrayList<>();
  final Map<UUID, FenceEntity> fences = new LinkedHashMap<>();
  final Map<UUID, EvacuationEntity> evacuations = new LinkedHashMap<>();
  final Map<UUID, ColdMigrationEntity> coldMigrations = new LinkedHashMap<>();
  final List<EvacuationLeftoverEntity> leftovers = new ArrayList<>();
  final List<KeyPairStore.KeyPairRecord> keyPairs = new ArrayList<>();
  final Map<String, Map<QuotaStore.Resource, Long>> quotas = new LinkedHashMap<>();
  final Map<UUID, ServerGroupEntity> groups = new LinkedHashMap<>();
  final Map<Integer, AggregateStore.Aggregate> aggregates = new TreeMap<>();
  final Map<Long, OutboxEntity> outbox = new TreeMap<>();
  final Map<UUID, DeadLetterEntity> letters = new LinkedHashMap<>();
  final Map<IdempotencyStore.RequestKey, IdempotencyKeyEntity> keys = new LinkedHashMap<>();

  final Map<UUID, DrainEntity> drains = new LinkedHashMap<>();
  final List<DrainServerEntity> drainServers = new ArrayList<>();

  /** Hosts that drains have closed. */
  final Map<String, UUID> closed = new LinkedHashMap<>();

  private static final Instant BEGIN = Instant.parse("2026-01-01T00:00:00Z");

  Instant now = BEGIN;
  private long lastNumber;

  void clear() {
    List.of(
            servers,
            migrations,
            sagas,
            hosts,
            claims,
            copies,
            volumes,
            outbox,
            keys,
            letters,
            quotas,
            groups,
            aggregates,
            fences,
            drains,
            closed,
            evacuations,
            coldMigrations)
        .forEach(Map::clear);
    List.of(log, actions, events, receipts, keyPairs, drainServers, leftovers).forEach(List::clear);
    decisions.clear();
    now = BEGIN;
    lastNumber = 0;
  }

  long nextNumber() {
    return ++lastNumber;
  }

  /** The same in every run, so that a failing test fails again. */
  UUID nextId() {
    return new UUID(0x7e57_0000_0000_4000L, 0x8000_0000_0000_0000L | nextNumber());
  }

  // ---- requests

  ServerEntity server(ServerId id) {
    return Optional.ofNullable(servers.get(id.value()))
        .filter(server -> server.vmState != VmState.DELETED)
        .orElseThrow(() -> Refusals.noServer(id));
  }

  UUID accept(
      ServerEntity server,
      TaskState task,
      SagaKind kind,
      @Nullable UUID migration,
      String action,
      Requested by) {
    ActionEntity _ = open(server.id, action, by);
    server.task = task;
    server.epoch++;
    server.progress = 0;
    server.updatedAt = now;
    SagaEntity saga = new SagaEntity();
    saga.id = nextId();
    saga.number = nextNumber();
    saga.kind = kind;
    saga.server = server.id;
    saga.migration = migration;
    saga.request = by.request().value();
    saga.createdAt = now;
    sagas.put(saga.id, saga);
    wake(saga.id);
    return saga.id;
  }

  ActionEntity open(UUID server, String name, Requested by) {
    if (action(server, by.request().value()).isPresent()) {
      throw new IllegalStateException("one request is one action: " + by.request());
    }
    ActionEntity action = new ActionEntity();
    action.number = nextNumber();
    action.server = server;
    action.request = by.request().value();
    action.action = name;
    action.user = by.user();
    action.project = by.project();
    action.startedAt = now;
    action.updatedAt = now;
    actions.add(action);
    return action;
  }

  void wake(UUID saga) {
    OutboxEntity message = new OutboxEntity();
    long number = nextNumber();
    message.number = number;
    message.routingKey = "conductor";
    message.type = "ConductorMessage";
    message.body = "{\"type\":\"WakeSaga\",\"saga\":\"%s\"}".formatted(saga);
    message.createdAt = now;
    outbox.put(number, message);
  }

  Optional<ActionEntity> action(UUID server, String request) {
    return actions.stream()
        .filter(each -> each.server.equals(server) && each.request.equals(request))
        .findFirst();
  }

  // ---- sagas

  SagaEntity hold(Lease lease) {
    SagaEntity saga =
        Optional.ofNullable(sagas.get(lease.saga()))
            .filter(found -> found.token == lease.token())
            .filter(found -> found.leasedUntil != null && found.endedAt == null)
            .orElseThrow(() -> new LeaseLostException(lease.saga()));
    saga.leasedUntil = now.plus(lease.length());
    return saga;
  }

  /** The server of a saga that the caller holds. */
  ServerEntity serverOf(SagaEntity saga, UUID id) {
    ServerEntity server = servers.get(id);
    if (server == null || !saga.server.equals(id)) {
      throw new IllegalArgumentException("saga %s is not of server %s".formatted(saga.id, id));
    }
    return server;
  }

  Stream<SagaEntity> unfinished(UUID server) {
    return sagas.values().stream()
        .filter(saga -> saga.server.equals(server) && saga.endedAt == null);
  }

  boolean deleteWaits(SagaEntity saga) {
    return unfinished(saga.server)
        .anyMatch(each -> !each.id.equals(saga.id) && each.kind == SagaKind.DELETE);
  }

  // ---- endings

  void end(SagaEntity saga, ServerEntity server, Optional<Failure> failure) {
    server.task = deleteWaits(saga) ? TaskState.DELETING : null;
    server.progress = 0;
    server.adminPass = null;
    server.updatedAt = now;
    saga.endedAt = now;
    saga.leasedUntil = null;
    saga.holder = null;
    action(saga.server, saga.request)
        .ifPresent(action -> {
          events.stream()
              .filter(event -> event.action == action.number() && event.finishedAt == null)
              .forEach(event -> event.finish(failure.map(Failure::message), now));
          if (failure.isPresent()) {
            action.message = ActionEntity.FAILED;
          }
          action.updatedAt = now;
        });
    unfinished(server.id).findFirst().ifPresent(next -> wake(next.id));
  }

  // ---- claims

  Stream<ClaimEntity> claimsOf(UUID server) {
    return claims.values().stream()
        .filter(claim -> claim.releasedAt == null && server.equals(claim.server));
  }

  void releaseAllBut(UUID server, @Nullable UUID keep) {
    claimsOf(server)
        .filter(claim -> !claim.id.equals(keep))
        .forEach(claim -> claim.releasedAt = now);
  }

  void requireHeld(ClaimId claim, UUID server, HostName host) {
    boolean held =
        claimsOf(server)
            .anyMatch(each -> each.id.equals(claim.value()) && host.value().equals(each.host));
    if (!held) {
      throw new IllegalStateException(
          "claim %s of server %s is not held on %s".formatted(claim, server, host));
    }
  }

  /** As {@link ExportUse#isVolume}. */
  boolean isVolume(VolumeAddress address) {
    return volumes.values().stream()
        .filter(there -> there.endedAt == null)
        .anyMatch(there -> there.toRecord().volume().address().equals(address));
  }

  /** As {@link ExportUse#isTarget}. */
  boolean isTarget(NbdExport export) {
    return copies.values().stream()
        .anyMatch(
            copy -> copy.endedAt == null && DiskCopyEntity.digest(export).equals(copy.target));
  }
}
