package dev.tern.store;

import dev.tern.contract.HostName;
import jakarta.persistence.EntityManager;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.springframework.transaction.annotation.Transactional;

@Transactional
class HibernateAggregateStore implements AggregateStore {
  private final EntityManager entities;
  private final Rows rows;

  HibernateAggregateStore(EntityManager entities, Rows rows) {
    this.entities = entities;
    this.rows = rows;
  }

  /** Zones are about all aggregates at once, so changes come one after the other. */
  private ZoneRules lock() {
    entities
        .createNativeQuery("select 1 from pg_advisory_xact_lock(25, 1)", Integer.class)
        .getSingleResult();
    return new ZoneRules(list(), this::servers);
  }

  private int servers(HostName host) {
    return Math.toIntExact(
        entities
            .createQuery(
                "select count(distinct c.server) from ClaimEntity c where c.host = :host"
                    + " and c.releasedAt is null",
                Long.class)
            .setParameter("host", host.value())
            .getSingleResult());
  }

  @Override
  public Aggregate create(UUID uuid, String name, Optional<String> zone) {
    requireFree(lock(), name);
    AggregateEntity entity = new AggregateEntity();
    entity.uuid = uuid;
    entity.name = name;
    entity.metadata = Json.ofTexts(zone.map(its -> Map.of(ZONE, its)).orElse(Map.of()));
    entity.createdAt = rows.now();
    entities.persist(entity);
    return entity.toRecord(List.of());
  }

  private static void requireFree(ZoneRules rules, String name) {
    if (rules.all().stream().anyMatch(each -> each.name().equals(name))) {
      throw ZoneRules.exists(name);
    }
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<Aggregate> find(int number) {
    return list().stream().filter(each -> each.number() == number).findFirst();
  }

  @Override
  @Transactional(readOnly = true)
  public List<Aggregate> list() {
    Map<Integer, List<HostName>> hosts = new HashMap<>();
    entities
        .createQuery("from AggregateHostEntity h order by h.number", AggregateHostEntity.class)
        .getResultStream()
        .forEach(each ->
            hosts
                .computeIfAbsent(each.aggregate, _ -> new ArrayList<>())
                .add(new HostName(each.host)));
    return entities
        .createQuery("from AggregateEntity a order by a.number", AggregateEntity.class)
        .getResultStream()
        .map(each -> each.toRecord(hosts.getOrDefault(each.number, List.of())))
        .toList();
  }

  private AggregateEntity entity(int number) {
    return Optional.ofNullable(entities.find(AggregateEntity.class, number))
        .orElseThrow(() -> ZoneRules.noAggregate(number));
  }

  private static Aggregate of(ZoneRules rules, int number) {
    return rules.all().stream()
        .filter(each -> each.number() == number)
        .findFirst()
        .orElseThrow(() -> ZoneRules.noAggregate(number));
  }

  @Override
  public Aggregate update(int number, Optional<String> name, Optional<String> zone) {
    ZoneRules rules = lock();
    Aggregate before = of(rules, number);
    name.filter(its -> !its.equals(before.name())).ifPresent(its -> requireFree(rules, its));
    zone.ifPresent(its -> rules.requireZone(before, its, "Cannot update aggregate"));
    Map<String, String> metadata = new HashMap<>(before.metadata());
    zone.ifPresent(its -> metadata.put(ZONE, its));
    return changed(before, name.orElse(before.name()), metadata);
  }

  @Override
  public Aggregate setMetadata(int number, Map<String, Optional<String>> changes) {
    ZoneRules rules = lock();
    Aggregate before = of(rules, number);
    Optional<String> zone = changes.getOrDefault(ZONE, Optional.empty());
    zone.ifPresent(its -> rules.requireZone(before, its, "Cannot update metadata of aggregate"));
    if (changes.containsKey(ZONE) && zone.isEmpty()) {
      before.hosts().forEach(host -> rules.requireRemoval(before, host));
    }
    Map<String, String> metadata = new HashMap<>(before.metadata());
    changes.forEach((key, value) ->
        value.ifPresentOrElse(text -> metadata.put(key, text), () -> metadata.remove(key)));
    return changed(before, before.name(), metadata);
  }

  private Aggregate changed(Aggregate before, String name, Map<String, String> metadata) {
    AggregateEntity entity = entity(before.number());
    entity.name = name;
    entity.metadata = Json.ofTexts(metadata);
    entity.updatedAt = rows.now();
    return entity.toRecord(before.hosts());
  }

  @Override
  public void delete(int number) {
    Aggregate before = of(lock(), number);
    if (!before.hosts().isEmpty()) {
      throw ZoneRules.notEmpty(number);
    }
    entities.remove(entity(number));
  }

  @Override
  public Aggregate addHost(int number, HostName host) {
    ZoneRules rules = lock();
    requireHost(host);
    rules.requireAddition(of(rules, number), host);
    AggregateHostEntity entity = new AggregateHostEntity();
    entity.aggregate = number;
    entity.host = host.value();
    entities.persist(entity);
    entities.flush();
    return find(number).orElseThrow();
  }

  @Override
  public Aggregate removeHost(int number, HostName host) {
    ZoneRules rules = lock();
    rules.requireRemoval(of(rules, number), host);
    entities
        .createQuery(
            "delete from AggregateHostEntity h where h.aggregate = :number and h.host = :host")
        .setParameter("number", number)
        .setParameter("host", host.value())
        .executeUpdate();
    return find(number).orElseThrow();
  }

  private void requireHost(HostName host) {
    if (entities.find(HostShareEntity.class, host.value()) == null) {
      throw ZoneRules.noHost(host);
    }
  }

  @Override
  @Transactional(readOnly = true)
  public Map<HostName, String> zones() {
    return zones(list());
  }

  @Override
  @Transactional(readOnly = true)
  public Map<HostName, String> zones(Collection<HostName> hosts) {
    if (hosts.isEmpty()) {
      return Map.of();
    }
    Map<HostName, String> zones = new HashMap<>();
    entities
        .createQuery(
            "select h.host, a.metadata from AggregateHostEntity h, AggregateEntity a"
                + " where h.aggregate = a.number and h.host in :hosts",
            Object[].class)
        .setParameter("hosts", hosts.stream().map(HostName::value).toList())
        .getResultStream()
        .forEach(row ->
            Optional.ofNullable(Json.texts((String) row[1]).get(ZONE))
                .ifPresent(zone -> zones.put(new HostName((String) row[0]), zone)));
    return zones;
  }

  static Map<HostName, String> zones(List<Aggregate> all) {
    Map<HostName, String> zones = new HashMap<>();
    for (Aggregate each : all) {
      each.zone().ifPresent(zone -> each.hosts().forEach(host -> zones.put(host, zone)));
    }
    return zones;
  }
}
