package dev.tern.conductor.drain;

import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore.ServerState;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Who waits for whom, by the hints same_host and different_host: before the other has moved, a
 * server would be refused where the other makes it welcome. Nobody waits for one behind it, and so
 * nobody for himself.
 */
final class Following {
  private final Map<ServerId, DrainServer> rows;
  private final Function<ServerId, Optional<HostName>> targets;
  private final Function<Collection<ServerId>, Map<ServerId, ServerRecord>> find;

  /**
   * @param rows as they are at each moment
   * @param targets where servers of these rows go
   */
  Following(
      Map<ServerId, DrainServer> rows,
      Function<ServerId, Optional<HostName>> targets,
      Function<Collection<ServerId>, Map<ServerId, ServerRecord>> find) {
    this.rows = rows;
    this.targets = targets;
    this.find = find;
  }

  /**
   * Servers that a server goes after, if they go.
   *
   * @param left by whom, and which host
   */
  static List<ServerId> after(ServerRecord server, HostName target, Map<ServerId, HostName> left) {
    return Stream.concat(
            server.nextTo().stream(),
            server.apartFrom().stream().filter(other -> target.equals(left.get(other))))
        .toList();
  }

  /** For whom it waits; empty when it can begin. */
  Optional<String> waits(DrainServer row, ServerRecord server) {
    Optional<HostName> target = targets.apply(server.id());
    if (target.isEmpty()) {
      return Optional.empty();
    }
    return inFront(row, server.nextTo()).stream()
        .filter(other -> targets.apply(other).equals(target))
        .findFirst()
        .map("It follows server %s (same_host)."::formatted)
        .or(() ->
            stillThere(inFront(row, server.apartFrom()), target.get())
                .map(other ->
                    "It waits until server %s has left %s (different_host)."
                        .formatted(other, target.get())));
  }

  private Optional<ServerId> stillThere(List<ServerId> others, HostName host) {
    List<ServerId> leave =
        others.stream()
            .filter(other -> targets.apply(other).filter(to -> !to.equals(host)).isPresent())
            .toList();
    return leave.isEmpty()
        ? Optional.empty()
        : find.apply(leave).values().stream()
            .filter(other -> other.host().equals(Optional.of(host)))
            .map(ServerRecord::id)
            .findFirst();
  }

  private List<ServerId> inFront(DrainServer row, List<ServerId> others) {
    return others.stream()
        .flatMap(other -> Optional.ofNullable(rows.get(other)).stream())
        .filter(other -> other.place() < row.place() && underWay(other))
        .map(DrainServer::server)
        .toList();
  }

  private static boolean underWay(DrainServer row) {
    return row.state() == ServerState.WAITING || row.state() == ServerState.MOVING;
  }

  /**
   * Why it can never begin: none of those with which it shares its host is where it goes, or comes
   * there.
   */
  Optional<String> alone(ServerRecord server, HostName target) {
    Set<ServerId> wanted = Set.copyOf(server.nextTo());
    boolean some =
        wanted.isEmpty()
            || wanted.stream()
                .flatMap(other -> Optional.ofNullable(rows.get(other)).stream())
                .anyMatch(other ->
                    underWay(other) && targets.apply(other.server()).equals(Optional.of(target)))
            || find.apply(wanted).values().stream()
                .anyMatch(other ->
                    // One that is busy may be on its way there.
                    other.host().equals(Optional.of(target)) || other.task().isPresent());
    return some
        ? Optional.empty()
        : Optional.of(
            "It shares its host with %s (same_host), and %s not on %s."
                .formatted(
                    wanted.stream()
                        .map(other -> "server " + other)
                        .sorted()
                        .collect(Collectors.joining(" or ")),
                    wanted.size() == 1 ? "that is" : "they are",
                    target));
  }
}
