package dev.tern.store;

import dev.tern.contract.HostName;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;

final class InMemoryAggregateStore implements AggregateStore {
  private final Memory memory;
  private int last;

  InMemoryAggregateStore(Memory memory) {
    this.memory = memory;
  }

  private ZoneRules rules() {
    return new ZoneRules(
        list(),
        host ->
            (int)
                memory.claims.values().stream()
                    .filter(each -> each.releasedAt == null && host.value().equals(each.host))
                    .map(each -> each.server)
                    .distinct()
                    .count());
  }

  @Override
  public Aggregate create(UUID uuid, String name, Optional<String> zone) {
    synchronized (memory) {
      requireFree(name);
      last = memory.aggregates.isEmpty() ? 1 : last + 1;
      Aggregate made =
          new Aggregate(
              last,
              uuid,
              name,
              zone.map(its -> Map.of(ZONE, its)).orElse(Map.of()),
              List.of(),
              memory.now,
              Optional.empty());
      memory.aggregates.put(made.number(), made);
      return made;
    }
  }

  private void requireFree(String name) {
    if (list().stream().anyMatch(each -> each.name().equals(name))) {
      throw ZoneRules.exists(name);
    }
  }

  @Override
  public Optional<Aggregate> find(int number) {
    synchronized (memory) {
      return Optional.ofNullable(memory.aggregates.get(number));
    }
  }

  @Override
  public List<Aggregate> list() {
    synchronized (memory) {
      return List.copyOf(memory.aggregates.values());
    }
  }

  private Aggregate change(int number, UnaryOperator<Aggregate> how) {
    synchronized (memory) {
      Aggregate changed = how.apply(find(number).orElseThrow(() -> ZoneRules.noAggregate(number)));
      memory.aggregates.put(number, changed);
      return changed;
    }
  }

  private Aggregate with(Aggregate before, String name, Map<String, String> metadata) {
    return new Aggregate(
        before.number(),
        before.uuid(),
        name,
        metadata,
        before.hosts(),
        before.createdAt(),
        Optional.of(memory.now));
  }

  @Override
  public Aggregate update(int number, Optional<String> name, Optional<String> zone) {
    return change(
        number,
        before -> {
          name.filter(its -> !its.equals(before.name())).ifPresent(this::requireFree);
          zone.ifPresent(its -> rules().requireZone(before, its, "Cannot update aggregate"));
          Map<String, String> metadata = new HashMap<>(before.metadata());
          zone.ifPresent(its -> metadata.put(ZONE, its));
          return with(before, name.orElse(before.name()), metadata);
        });
  }

  @Override
  public Aggregate setMetadata(int number, Map<String, Optional<String>> changes) {
    return change(
        number,
        before -> {
          Optional<String> zone = changes.getOrDefault(ZONE, Optional.empty());
          zone.ifPresent(
              its -> rules().requireZone(before, its, "Cannot update metadata of aggregate"));
          if (changes.containsKey(ZONE) && zone.isEmpty()) {
            before.hosts().forEach(host -> rules().requireRemoval(before, host));
          }
          Map<String, String> metadata = new HashMap<>(before.metadata());
          changes.forEach((key, value) ->
              value.ifPresentOrElse(text -> metadata.put(key, text), () -> metadata.remove(key)));
          return with(before, before.name(), metadata);
        });
  }

  @Override
  public void delete(int number) {
    synchronized (memory) {
      Aggregate before = find(number).orElseThrow(() -> ZoneRules.noAggregate(number));
      if (!before.hosts().isEmpty()) {
        throw ZoneRules.notEmpty(number);
      }
      memory.aggregates.remove(number);
    }
  }

  private static Aggregate on(Aggregate before, List<HostName> hosts) {
    return new Aggregate(
        before.number(),
        before.uuid(),
        before.name(),
        before.metadata(),
        hosts,
        before.createdAt(),
        before.updatedAt());
  }

  @Override
  public Aggregate addHost(int number, HostName host) {
    return change(
        number,
        before -> {
          if (!memory.hosts.containsKey(host.value())) {
            throw ZoneRules.noHost(host);
          }
          rules().requireAddition(before, host);
          List<HostName> hosts = new ArrayList<>(before.hosts());
          hosts.add(host);
          return on(before, hosts);
        });
  }

  @Override
  public Aggregate removeHost(int number, HostName host) {
    return change(
        number,
        before -> {
          rules().requireRemoval(before, host);
          return without(before, host.value());
        });
  }

  static Aggregate without(Aggregate before, String host) {
    return on(before, before.hosts().stream().filter(each -> !each.value().equals(host)).toList());
  }

  @Override
  public Map<HostName, String> zones(Collection<HostName> hosts) {
    Map<HostName, String> zones = new HashMap<>(zones());
    zones.keySet().retainAll(hosts);
    return zones;
  }

  @Override
  public Map<HostName, String> zones() {
    return HibernateAggregateStore.zones(list());
  }
}
