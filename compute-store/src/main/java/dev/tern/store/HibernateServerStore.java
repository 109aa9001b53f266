package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.PowerState;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.SagaKind;
import jakarta.persistence.EntityManager;
import jakarta.persistence.PersistenceException;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateServerStore implements ServerStore {
  private static final String INVALID_REGULAR_EXPRESSION = "2201B";
  private static final String QUERY_CANCELED = "57014";

  private static final Set<VmState> ENDS = Set.of(VmState.ACTIVE, VmState.PAUSED, VmState.RESIZED);

  private final EntityManager entities;
  private final Rows rows;
  private final Requests requests;
  private final Endings endings;
  private final Claims claims;
  private final Quotas quotas;

  HibernateServerStore(
      EntityManager entities,
      Rows rows,
      Requests requests,
      Endings endings,
      Claims claims,
      Quotas quotas) {
    this.entities = entities;
    this.rows = rows;
    this.requests = requests;
    this.endings = endings;
    this.claims = claims;
    this.quotas = quotas;
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<ServerRecord> find(ServerId id) {
    return Optional.ofNullable(entities.find(ServerEntity.class, id.value()))
        .filter(server -> server.vmState != VmState.DELETED)
        .map(ServerEntity::toRecord);
  }

  @Override
  @Transactional(readOnly = true)
  public Map<ServerId, ServerRecord> find(Collection<ServerId> ids) {
    if (ids.isEmpty()) {
      return Map.of();
    }
    return entities
        .createQuery(
            "from ServerEntity s where s.id in :ids and s.vmState <> :deleted", ServerEntity.class)
        .setParameter("ids", ids.stream().map(ServerId::value).toList())
        .setParameter("deleted", VmState.DELETED)
        .getResultStream()
        .map(ServerEntity::toRecord)
        .collect(Collectors.toMap(ServerRecord::id, found -> found));
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<ServerRecord> findEvenDeleted(ServerId id) {
    return Optional.ofNullable(entities.find(ServerEntity.class, id.value()))
        .map(ServerEntity::toRecord);
  }

  @Override
  @Transactional(readOnly = true)
  public Map<HostName, List<ServerId>> onHosts(Collection<HostName> hosts) {
    if (hosts.isEmpty()) {
      return Map.of();
    }
    Map<HostName, List<ServerId>> found = new HashMap<>();
    entities
        .createQuery(
            "select s.host, s.id from ServerEntity s where s.host in :hosts"
                + " and s.vmState <> :deleted order by s.createdAt, s.id",
            Object[].class)
        .setParameter("hosts", hosts.stream().map(HostName::value).toList())
        .setParameter("deleted", VmState.DELETED)
        .getResultStream()
        .forEach(row ->
            found
                .computeIfAbsent(new HostName((String) row[0]), _ -> new ArrayList<>())
                .add(new ServerId((UUID) row[1])));
    return found;
  }

  @Override
  @Transactional(readOnly = true)
  public List<ServerRecord> list(ServerQuery query) {
    if (query.name().isPresent()) {
      // The expression is a caller's: it may not keep the database busy for longer than this.
      entities.createNativeQuery("set local statement_timeout = '5s'").executeUpdate();
    }
    try {
      return new ServerListing(query).run(entities).stream().map(ServerEntity::toRecord).toList();
    } catch (PersistenceException e) {
      String state = sqlState(e);
      if (query.name().isPresent()
          && (state.equals(INVALID_REGULAR_EXPRESSION) || state.equals(QUERY_CANCELED))) {
        throw new ComputeException(
            ErrorCode.INVALID_INPUT,
            "The name filter is not a regular expression that can be used here.",
            e);
      }
      throw e;
    }
  }

  private static String sqlState(Throwable failure) {
    for (@Nullable Throwable each = failure; each != null; each = each.getCause()) {
      if (each instanceof SQLException sql && sql.getSQLState() != null) {
        return sql.getSQLState();
      }
    }
    return "";
  }

  @Override
  @Transactional(readOnly = true)
  public Usage usage(String project) {
    return quotas.usage(project);
  }

  @Override
  public ServerRecord requestCreate(NewServer server, Requested by) {
    return made(server, BootTerms.NONE, by);
  }

  @Override
  public List<ServerRecord> requestCreate(List<NewServer> servers, BootTerms terms, Requested by) {
    List<NewServer> fitting = quotas.claim(servers, terms);
    return fitting.stream().map(server -> made(server, terms, by)).toList();
  }

  private ServerRecord made(NewServer server, BootTerms terms, Requested by) {
    Instant now = rows.now();
    ServerEntity entity = ServerEntity.of(server, now);
    entity.take(terms);
    entities.persist(entity);
    // Action and saga refer to it, and Hibernate would insert the action first.
    entities.flush();
    requests.accept(entity, TaskState.SCHEDULING, SagaKind.BOOT, null, "create", by, now);
    return entity.toRecord();
  }

  @Override
  public ServerRecord requestLife(ServerId id, LifeRequest what, Requested by) {
    ServerEntity server = requests.server(id);
    what.guard(server);
    requests.accept(server, what.task(), what.saga(), null, what.action(), by, rows.now());
    return server.toRecord();
  }

  @Override
  public ServerRecord requestStart(ServerId id, Requested by) {
    ServerEntity server = requests.server(id);
    Requests.guard(server, "start", Set.of(VmState.STOPPED));
    requests.accept(server, TaskState.POWERING_ON, SagaKind.START, null, "start", by, rows.now());
    return server.toRecord();
  }

  @Override
  public ServerRecord requestStop(ServerId id, Requested by) {
    ServerEntity server = requests.server(id);
    Requests.guard(server, "stop", Set.of(VmState.ACTIVE, VmState.ERROR));
    Requests.guardHost(server, "stop");
    requests.accept(server, TaskState.POWERING_OFF, SagaKind.STOP, null, "stop", by, rows.now());
    return server.toRecord();
  }

  @Override
  public ServerRecord requestDelete(ServerId id, Requested by) {
    ServerEntity server = requests.server(id);
    if (server.task == TaskState.DELETING) {
      return server.toRecord();
    }
    Instant now = rows.now();
    rows.lockUnfinishedMigration(server.id)
        .ifPresent(migration -> {
          migration.abortRequested = true;
          migration.updatedAt = now;
        });
    wakeUnfinished(server, now);
    requests.accept(server, TaskState.DELETING, SagaKind.DELETE, null, "delete", by, now);
    return server.toRecord();
  }

  /** What runs for the server now has news: it is to stop. */
  private void wakeUnfinished(ServerEntity server, Instant now) {
    entities
        .createQuery(
            "from SagaEntity s where s.server = :server and s.endedAt is null", SagaEntity.class)
        .setParameter("server", server.id)
        .getResultList()
        .forEach(saga -> rows.wake(saga.id, now));
  }

  @Override
  public void placed(Lease lease, ServerId id, HostName host, ClaimId claim) {
    SagaEntity saga = rows.hold(lease);
    ServerEntity server = rows.lockServerOf(saga, id.value());
    claims.requireHeld(claim, server.id, host);
    server.host = host.value();
    server.claim = claim.value();
    if (server.task != TaskState.DELETING) {
      server.task = TaskState.SPAWNING;
    }
    server.updatedAt = rows.now();
  }

  @Override
  public void running(Lease lease, ServerId id) {
    Instant now = rows.now();
    SagaEntity saga = rows.hold(lease);
    ServerEntity server = rows.lockServerOf(saga, id.value());
    server.vmState = VmState.ACTIVE;
    server.power = PowerState.RUNNING;
    server.fault(null, now);
    if (server.launchedAt == null) {
      server.launchedAt = now;
    }
    endings.end(saga, server, Optional.empty(), now);
  }

  @Override
  public void paused(Lease lease, ServerId id) {
    Instant now = rows.now();
    SagaEntity saga = rows.hold(lease);
    ServerEntity server = rows.lockServerOf(saga, id.value());
    server.vmState = VmState.PAUSED;
    server.power = PowerState.PAUSED;
    server.fault(null, now);
    endings.end(saga, server, Optional.empty(), now);
  }

  @Override
  public void suspended(Lease lease, ServerId id) {
    Instant now = rows.now();
    SagaEntity saga = rows.hold(lease);
    ServerEntity server = rows.lockServerOf(saga, id.value());
    server.vmState = VmState.SUSPENDED;
    server.power = PowerState.SHUTDOWN;
    server.fault(null, now);
    endings.end(saga, server, Optional.empty(), now);
  }

  @Override
  public void stopped(Lease lease, ServerId id) {
    Instant now = rows.now();
    SagaEntity saga = rows.hold(lease);
    ServerEntity server = rows.lockServerOf(saga, id.value());
    server.vmState = VmState.STOPPED;
    server.power = PowerState.SHUTDOWN;
    server.fault(null, now);
    endings.end(saga, server, Optional.empty(), now);
  }

  @Override
  public void failed(
      Lease lease,
      ServerId id,
      VmState vmState,
      PowerState power,
      Failure failure,
      boolean release) {
    if (vmState == VmState.DELETED) {
      throw new IllegalArgumentException("a failed task leaves a server; use deleted");
    }
    Instant now = rows.now();
    SagaEntity saga = rows.hold(lease);
    ServerEntity server = rows.lockServerOf(saga, id.value());
    server.vmState = vmState;
    server.power = power;
    server.fault(failure, now);
    if (release) {
      server.host = null;
      server.claim = null;
      claims.releaseAllBut(server.id, null);
    }
    endings.end(saga, server, Optional.of(failure), now);
  }

  @Override
  public void deleted(Lease lease, ServerId id) {
    Instant now = rows.now();
    SagaEntity saga = rows.hold(lease);
    ServerEntity server = rows.lockServerOf(saga, id.value());
    server.vmState = VmState.DELETED;
    server.task = null;
    server.power = PowerState.NOSTATE;
    server.terminatedAt = now;
    server.claim = null;
    claims.releaseAllBut(server.id, null);
    entities
        .createQuery(
            "from VolumeEntity v where v.server = :server and v.endedAt is null",
            VolumeEntity.class)
        .setParameter("server", server.id)
        .getResultList()
        .forEach(volume -> volume.detached(now));
    entities
        .createQuery(
            "from ColdMigrationEntity m where m.server = :server and m.endedAt is null",
            ColdMigrationEntity.class)
        .setParameter("server", server.id)
        .getResultList()
        .forEach(migration -> migration.gone(now));
    endings.end(saga, server, Optional.empty(), now);
  }

  @Override
  public boolean guestEnded(ServerId id, HostName host) {
    Optional<ServerEntity> ended =
        rows.lockServer(id.value())
            .filter(server -> ENDS.contains(server.vmState) && server.task == null)
            .filter(server -> host.value().equals(server.host));
    ended.ifPresent(server -> {
      server.vmState = server.vmState == VmState.RESIZED ? VmState.RESIZED : VmState.STOPPED;
      server.power = PowerState.SHUTDOWN;
      server.updatedAt = rows.now();
    });
    return ended.isPresent();
  }
}
