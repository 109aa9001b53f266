package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.store.AggregateStore.Aggregate;
import java.util.List;
import java.util.Optional;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;

/**
 * When an aggregate may be changed: no host comes into two zones, and no server into another. In
 * Nova's words.
 *
 * @param all aggregates there are
 * @param servers how many are on a host
 */
record ZoneRules(List<Aggregate> all, ToIntFunction<HostName> servers) {

  /** Passes a new zone for an aggregate's hosts. */
  void requireZone(Aggregate aggregate, String zone, String what) {
    if (zone.isEmpty()) {
      throw invalid(
          what,
          aggregate.number(),
          "Aggregate %s does not support empty named availability zone"
              .formatted(aggregate.name()));
    }
    List<String> others = others(aggregate, aggregate.hosts(), zone);
    if (!others.isEmpty()) {
      throw invalid(what, aggregate.number(), conflicting(others));
    }
    boolean same = aggregate.zone().equals(Optional.of(zone));
    if (!same && aggregate.hosts().stream().anyMatch(host -> servers.applyAsInt(host) > 0)) {
      throw invalid(what, aggregate.number(), "One or more hosts contain instances in this zone");
    }
  }

  /** Passes a host to be put in. */
  void requireAddition(Aggregate aggregate, HostName host) {
    if (aggregate.hosts().contains(host)) {
      throw new ComputeException(
          ErrorCode.AGGREGATE_HOST_CONFLICT,
          "Aggregate %d already has host %s.".formatted(aggregate.number(), host),
          null);
    }
    if (aggregate.zone().isEmpty()) {
      return;
    }
    List<String> others = others(aggregate, List.of(host), aggregate.zone().get());
    if (!others.isEmpty()) {
      throw conflict("Cannot add host to aggregate", aggregate, conflicting(others));
    }
    Optional<String> before = zone(host, aggregate);
    if (!before.equals(aggregate.zone())) {
      requireEmpty(
          host, "Cannot add host to aggregate", "added to", aggregate, before, aggregate.zone());
    }
  }

  /** Passes a host to be taken out. */
  void requireRemoval(Aggregate aggregate, HostName host) {
    if (!aggregate.hosts().contains(host)) {
      throw new ComputeException(
          ErrorCode.AGGREGATE_NOT_FOUND,
          "Cannot remove host %s in aggregate %d".formatted(host, aggregate.number()),
          null);
    }
    Optional<String> after = zone(host, aggregate);
    if (aggregate.zone().isPresent() && !after.equals(aggregate.zone())) {
      requireEmpty(
          host,
          "Cannot remove host from aggregate",
          "removed from",
          aggregate,
          aggregate.zone(),
          after);
    }
  }

  private void requireEmpty(
      HostName host,
      String what,
      String verb,
      Aggregate aggregate,
      Optional<String> before,
      Optional<String> after) {
    int there = servers.applyAsInt(host);
    if (there > 0) {
      throw conflict(
          what,
          aggregate,
          ("The host cannot be %s the aggregate as the availability zone of the host would change"
                  + " from '%s' to '%s' but the host already has %d instance(s). Changing the AZ of"
                  + " an existing instance is not supported by this action. Move the instances away"
                  + " from this host then try again.")
              .formatted(verb, before.orElse("None"), after.orElse("None"), there));
    }
  }

  private Stream<Aggregate> others(Aggregate aggregate, HostName host) {
    return all.stream()
        .filter(each -> each.number() != aggregate.number() && each.hosts().contains(host));
  }

  private List<String> others(Aggregate aggregate, List<HostName> hosts, String zone) {
    return hosts.stream()
        .flatMap(host -> others(aggregate, host))
        .flatMap(each -> each.zone().stream())
        .filter(each -> !each.equals(zone))
        .distinct()
        .toList();
  }

  /** Which zone the host is in by its other aggregates. */
  private Optional<String> zone(HostName host, Aggregate aggregate) {
    return others(aggregate, host).flatMap(each -> each.zone().stream()).findFirst();
  }

  private static String conflicting(List<String> zones) {
    return "One or more hosts already in availability zone(s) ['%s']"
        .formatted(String.join("', '", zones));
  }

  static ComputeException notEmpty(int number) {
    return invalid("Cannot remove host from aggregate", number, "Host aggregate is not empty");
  }

  private static ComputeException invalid(String what, int number, String reason) {
    return new ComputeException(
        ErrorCode.INVALID_AGGREGATE_ACTION,
        "%s %d. Reason: %s.".formatted(what, number, reason),
        null);
  }

  private static ComputeException conflict(String what, Aggregate aggregate, String reason) {
    return new ComputeException(
        ErrorCode.AGGREGATE_HOST_CONFLICT,
        "%s %d. Reason: %s.".formatted(what, aggregate.number(), reason),
        null);
  }

  static ComputeException noAggregate(int number) {
    return new ComputeException(
        ErrorCode.AGGREGATE_NOT_FOUND, "Aggregate %d could not be found.".formatted(number), null);
  }

  static ComputeException noHost(HostName host) {
    return new ComputeException(
        ErrorCode.AGGREGATE_NOT_FOUND, "Compute host %s could not be found.".formatted(host), null);
  }

  static ComputeException exists(String name) {
    return new ComputeException(
        ErrorCode.AGGREGATE_EXISTS, "Aggregate %s already exists.".formatted(name), null);
  }
}
