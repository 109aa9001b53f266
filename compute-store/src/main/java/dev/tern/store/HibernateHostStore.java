package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.VmState;
import dev.tern.contract.host.HostReport;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateHostStore implements HostStore {
  /**
   * An agent whose clock went back between two starts reports a start that seems older; it is
   * believed once the other has been silent for this long.
   */
  private static final String SILENCE = "interval '30 seconds'";

  private final EntityManager entities;
  private final Rows rows;

  HibernateHostStore(EntityManager entities, Rows rows) {
    this.entities = entities;
    this.rows = rows;
  }

  @Override
  public void report(HostReport report) {
    entities
        .createNativeQuery(
            "insert into hosts as h"
                + " (name, agent_started_at_millis, sequence, report, last_seen)"
                + " values (:name, :started, :sequence, :report, now())"
                + " on conflict (name) do update set"
                + " agent_started_at_millis = excluded.agent_started_at_millis,"
                + " sequence = excluded.sequence, report = excluded.report, last_seen = now(),"
                // An agent that went on after its host was removed does not bring it back.
                + " removed = h.removed"
                + " and excluded.agent_started_at_millis = h.agent_started_at_millis"
                + " where (excluded.agent_started_at_millis, excluded.sequence)"
                + " > (h.agent_started_at_millis, h.sequence)"
                + " or (excluded.agent_started_at_millis < h.agent_started_at_millis"
                + " and h.last_seen < now() - "
                + SILENCE
                + ")")
        .setParameter("name", report.host().value())
        .setParameter("started", report.agentStartedAtMillis())
        .setParameter("sequence", report.sequence())
        .setParameter("report", Json.of(report))
        .executeUpdate();
    entities
        .createNativeQuery("insert into host_shares (host) values (:name) on conflict do nothing")
        .setParameter("name", report.host().value())
        .executeUpdate();
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<HostRecord> find(HostName host, Duration downAfter) {
    return toRecords(
            entities
                .createQuery(
                    "from HostEntity h where h.name = :name and not h.removed", HostEntity.class)
                .setParameter("name", host.value())
                .getResultList(),
            downAfter)
        .stream()
        .findFirst();
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<HostRecord> find(UUID hypervisorOrService, Duration downAfter) {
    return toRecords(
            entities
                .createQuery(
                    "from HostEntity h where (h.uuid = :uuid or h.serviceUuid = :uuid)"
                        + " and not h.removed",
                    HostEntity.class)
                .setParameter("uuid", hypervisorOrService)
                .getResultList(),
            downAfter)
        .stream()
        .findFirst();
  }

  @Override
  @Transactional(readOnly = true)
  public List<HostRecord> list(Duration downAfter, int afterNumber, int limit) {
    return toRecords(
        entities
            .createQuery(
                "from HostEntity h where h.number > :after and not h.removed order by h.number",
                HostEntity.class)
            .setParameter("after", afterNumber)
            .setMaxResults(limit)
            .getResultList(),
        downAfter);
  }

  @Override
  @Transactional(readOnly = true)
  public Map<HostName, HostState> states(Collection<HostName> hosts, Duration downAfter) {
    if (hosts.isEmpty()) {
      return Map.of();
    }
    Map<HostName, HostState> states = new HashMap<>();
    Instant upSince = rows.now().minus(downAfter);
    entities
        .createQuery(
            "select h.name, h.lastSeen, h.disabled, h.forcedDown from HostEntity h"
                + " where h.name in :names and not h.removed",
            Object[].class)
        .setParameter("names", hosts.stream().map(HostName::value).toList())
        .getResultStream()
        .forEach(row -> {
          boolean forcedDown = (boolean) row[3];
          boolean up = !forcedDown && !((Instant) row[1]).isBefore(upSince);
          states.put(
              new HostName((String) row[0]), new HostState(up, (boolean) row[2], forcedDown));
        });
    return states;
  }

  @Override
  @Transactional(readOnly = true)
  public List<HostGlance> glances(Duration downAfter) {
    Instant upSince = rows.now().minus(downAfter);
    Map<String, Integer> migrations = activeMigrations();
    return entities
        .createQuery(
            "select h.name, h.agentStartedAtMillis, h.sequence, h.lastSeen, h.disabled,"
                + " h.disabledReason, h.forcedDown, s.vcpus, s.memoryMib, s.diskBytes"
                + " from HostEntity h join HostShareEntity s on s.host = h.name"
                + " where not h.removed order by h.number",
            Object[].class)
        .getResultStream()
        .map(row -> {
          boolean forcedDown = (boolean) row[6];
          return new HostGlance(
              new HostName((String) row[0]),
              (long) row[1],
              (long) row[2],
              !forcedDown && !((Instant) row[3]).isBefore(upSince),
              (boolean) row[4],
              Optional.ofNullable((String) row[5]),
              forcedDown,
              new Resources(
                  Math.toIntExact(((Number) row[7]).longValue()),
                  ((Number) row[8]).longValue(),
                  ((Number) row[9]).longValue()),
              migrations.getOrDefault((String) row[0], 0));
        })
        .toList();
  }

  private Map<String, Integer> activeMigrations() {
    Map<String, Integer> counts = new HashMap<>();
    entities
        .createQuery(
            "select m.source, m.destination from MigrationEntity m where m.endedAt is null",
            Object[].class)
        .getResultStream()
        .forEach(row -> {
          for (Object end : row) {
            if (end != null) {
              counts.merge((String) end, 1, Integer::sum);
            }
          }
        });
    return counts;
  }

  @Override
  @Transactional(readOnly = true)
  public Map<HostName, HostReport> reports(Collection<HostName> hosts) {
    if (hosts.isEmpty()) {
      return Map.of();
    }
    Map<HostName, HostReport> reports = new HashMap<>();
    entities
        .createQuery(
            "select h.report from HostEntity h where h.name in :names and not h.removed",
            String.class)
        .setParameter("names", hosts.stream().map(HostName::value).toList())
        .getResultStream()
        .map(report -> Json.read(HostReport.class, report))
        .forEach(report -> reports.put(report.host(), report));
    return reports;
  }

  /** Four questions for a page, however many hosts are on it. */
  private List<HostRecord> toRecords(List<HostEntity> hosts, Duration downAfter) {
    if (hosts.isEmpty()) {
      return List.of();
    }
    List<String> names = hosts.stream().map(host -> host.name).toList();
    Map<String, HostShareEntity> shares = new HashMap<>();
    entities
        .createQuery("from HostShareEntity s where s.host in :names", HostShareEntity.class)
        .setParameter("names", names)
        .getResultStream()
        .forEach(share -> shares.put(share.host, share));
    Map<String, Integer> servers = servers(names);
    Map<String, Integer> migrations = migrations(names);
    Instant upSince = rows.now().minus(downAfter);
    return hosts.stream()
        .map(host ->
            toRecord(
                host,
                Objects.requireNonNull(shares.get(host.name)),
                upSince,
                servers.getOrDefault(host.name, 0),
                migrations.getOrDefault(host.name, 0)))
        .toList();
  }

  private Map<String, Integer> servers(List<String> names) {
    Map<String, Integer> counts = new HashMap<>();
    entities
        .createQuery(
            "select s.host, count(s) from ServerEntity s where s.host in :names"
                + " and s.vmState <> :deleted group by s.host",
            Object[].class)
        .setParameter("names", names)
        .setParameter("deleted", VmState.DELETED)
        .getResultStream()
        .forEach(row -> counts.put((String) row[0], Math.toIntExact((Long) row[1])));
    return counts;
  }

  private Map<String, Integer> migrations(List<String> names) {
    Map<String, Integer> counts = new HashMap<>();
    for (String end : List.of("source", "destination")) {
      entities
          .createQuery(
              "select m.%1$s, count(m) from MigrationEntity m where m.%1$s in :names and m.endedAt"
                      .formatted(end)
                  + " is null group by m."
                  + end,
              Object[].class)
          .setParameter("names", names)
          .getResultStream()
          .forEach(
              row -> counts.merge((String) row[0], Math.toIntExact((Long) row[1]), Integer::sum));
    }
    return counts;
  }

  private static HostRecord toRecord(
      HostEntity host, HostShareEntity share, Instant upSince, int servers, int migrations) {
    return new HostRecord(
        Objects.requireNonNull(host.number),
        host.uuid,
        host.serviceUuid,
        Json.read(HostReport.class, host.report),
        !host.forcedDown && !host.lastSeen.isBefore(upSince),
        host.lastSeen,
        host.disabled,
        Optional.ofNullable(host.disabledReason),
        host.forcedDown,
        share.toResources(),
        servers,
        migrations);
  }

  @Override
  public boolean setDisabled(HostName host, boolean disabled, Optional<String> reason) {
    @Nullable String why = disabled ? reason.orElse(null) : null;
    boolean known =
        entities
                .createQuery(
                    "update HostEntity h set h.disabled = :disabled, h.disabledReason = :why"
                        + " where h.name = :name")
                .setParameter("disabled", disabled)
                .setParameter("why", why)
                .setParameter("name", host.value())
                .executeUpdate()
            == 1;
    // The host's row first, as in all that begins and ends drains.
    new DrainedHosts(entities).decided(host, disabled);
    return known;
  }

  @Override
  public boolean setForcedDown(HostName host, boolean forcedDown) {
    return entities
            .createQuery("update HostEntity h set h.forcedDown = :down where h.name = :name")
            .setParameter("down", forcedDown)
            .setParameter("name", host.value())
            .executeUpdate()
        == 1;
  }

  @Override
  public boolean removeService(UUID service) {
    Optional<HostEntity> found =
        entities
            .createQuery(
                "from HostEntity h where h.serviceUuid = :uuid and not h.removed", HostEntity.class)
            .setParameter("uuid", service)
            .setLockMode(LockModeType.PESSIMISTIC_WRITE)
            .getResultStream()
            .findFirst();
    if (found.isEmpty()) {
      return entities
              .createQuery("delete from ServiceBeatEntity b where b.uuid = :uuid")
              .setParameter("uuid", service)
              .executeUpdate()
          == 1;
    }
    HostEntity host = found.get();
    // Whoever claims a share of it waits here.
    entities.find(HostShareEntity.class, host.name, LockModeType.PESSIMISTIC_WRITE);
    requireUnused(host.name);
    entities
        .createQuery("delete from AggregateHostEntity a where a.host = :host")
        .setParameter("host", host.name)
        .executeUpdate();
    new DrainedHosts(entities).decided(new HostName(host.name), false);
    host.removed = true;
    host.disabled = false;
    host.disabledReason = null;
    host.forcedDown = false;
    return true;
  }

  private void requireUnused(String host) {
    if (migrations(List.of(host)).containsKey(host)) {
      throw migrating();
    }
    long claims =
        entities
            .createQuery(
                "select count(c) from ClaimEntity c where c.host = :host and c.releasedAt is null",
                Long.class)
            .setParameter("host", host)
            .getSingleResult();
    if (claims > 0 || servers(List.of(host)).containsKey(host)) {
      throw hosting();
    }
  }

  static ComputeException migrating() {
    return new ComputeException(
        ErrorCode.HOST_IN_USE,
        "Unable to delete compute service that has in-progress migrations. Complete the migrations"
            + " or delete the instances first.",
        null);
  }

  static ComputeException hosting() {
    return new ComputeException(
        ErrorCode.HOST_IN_USE,
        "Unable to delete compute service that is hosting instances. Migrate or delete the"
            + " instances first.",
        null);
  }

  @Override
  public void beat(String binary, String instance) {
    entities
        .createNativeQuery(
            "insert into service_beats (service, instance, last_seen)"
                + " values (:service, :instance, now())"
                + " on conflict (service, instance) do update set last_seen = now()")
        .setParameter("service", binary)
        .setParameter("instance", instance)
        .executeUpdate();
  }

  @Override
  @Transactional(readOnly = true)
  public List<ServiceBeat> beats(Duration downAfter) {
    Instant upSince = rows.now().minus(downAfter);
    return entities
        .createQuery("from ServiceBeatEntity b order by b.number", ServiceBeatEntity.class)
        .getResultStream()
        .map(beat ->
            new ServiceBeat(
                Objects.requireNonNull(beat.number),
                beat.uuid,
                beat.service,
                beat.instance,
                !beat.lastSeen.isBefore(upSince),
                beat.lastSeen))
        .toList();
  }
}
