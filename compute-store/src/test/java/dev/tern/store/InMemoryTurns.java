package dev.tern.store;

import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.store.TurnStore.AtOnce;
import dev.tern.store.TurnStore.Waiting;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The queue of migrations, live and cold; the caller holds the memory. */
final class InMemoryTurns {
  private InMemoryTurns() {}

  /**
   * One that waits or moves.
   *
   * @param set what it waits for, and since when it moves
   */
  private record Open(
      UUID id,
      UUID saga,
      long number,
      String source,
      @Nullable String destination,
      Instant createdAt,
      boolean aborts,
      @Nullable Instant turnAt,
      @Nullable String waitsFor,
      BiConsumer<@Nullable String, @Nullable Instant> set) {
    TurnChoice.Way way() {
      return new TurnChoice.Way(source, Objects.requireNonNull(destination, "none chosen"));
    }
  }

  private static List<Open> open(Memory memory) {
    List<Open> open = new ArrayList<>();
    memory.migrations.values().stream()
        .filter(each -> each.endedAt == null)
        .map(each ->
            new Open(
                each.uuid,
                each.saga,
                each.number(),
                each.source,
                each.destination,
                each.createdAt,
                each.abortRequested,
                each.turnAt,
                each.waitsFor,
                (why, at) -> {
                  each.waitsFor = why;
                  each.turnAt = at;
                }))
        .forEach(open::add);
    memory.coldMigrations.values().stream()
        .filter(each -> ColdMigrationEntity.SENDING.contains(each.status))
        .map(each ->
            new Open(
                each.uuid,
                each.saga,
                Objects.requireNonNull(each.number),
                each.source,
                each.destination,
                each.createdAt,
                false,
                each.turnAt,
                each.waitsFor,
                (why, at) -> {
                  each.waitsFor = why;
                  each.turnAt = at;
                }))
        .forEach(open::add);
    open.sort(Comparator.comparingLong(Open::number));
    return open;
  }

  static boolean take(Memory memory, UUID id, AtOnce most) {
    long number =
        open(memory).stream()
            .filter(each -> each.id().equals(id))
            .findFirst()
            .orElseThrow()
            .number();
    Predicate<Open> mine = each -> each.id().equals(id);
    Predicate<Open> inFront = each -> each.waitsFor() != null && each.number() < number;
    return give(memory, most, mine.or(inFront), mine).contains(id);
  }

  static int give(Memory memory, AtOnce most) {
    return give(memory, most, each -> each.waitsFor() != null, _ -> true).size();
  }

  private static Set<UUID> give(
      Memory memory, AtOnce most, Predicate<Open> which, Predicate<Open> whose) {
    List<Open> all = open(memory);
    List<TurnChoice.Way> moving =
        all.stream().filter(each -> each.turnAt() != null).map(Open::way).toList();
    Map<UUID, Open> waiting =
        all.stream()
            .filter(each -> !each.aborts() && each.turnAt() == null)
            .filter(which)
            .collect(
                Collectors.toMap(
                    Open::id, each -> each, (_, last) -> last, java.util.LinkedHashMap::new));
    Set<UUID> go = new HashSet<>();
    new TurnChoice(most, links(memory), moving, moving.size())
        .choose(waiting.values().stream().map(each -> waiter(memory, each)).toList())
        .forEach((waiter, why) -> {
          Open one = Objects.requireNonNull(waiting.get(waiter.migration()));
          if (!whose.test(one)) {
            return;
          }
          one.set().accept(why.orElse(null), why.isEmpty() ? memory.now : null);
          if (why.isEmpty()) {
            go.add(one.id());
            waiter.why().ifPresent(_ -> memory.wake(waiter.saga()));
          }
        });
    return go;
  }

  private static TurnChoice.Waiter waiter(Memory memory, Open one) {
    return new TurnChoice.Waiter(
        one.id(),
        one.saga(),
        one.way(),
        Optional.ofNullable(one.waitsFor()),
        one.createdAt().isBefore(memory.now.minus(TurnStore.PATIENCE)));
  }

  private static List<TurnChoice.Link> links(Memory memory) {
    return memory.aggregates.values().stream()
        .filter(each -> each.metadata().containsKey(TurnStore.LINK))
        .flatMap(each ->
            TurnChoice.Link.of(
                each.name(),
                Objects.requireNonNull(each.metadata().get(TurnStore.LINK)),
                each.hosts().stream().map(HostName::value).collect(Collectors.toSet()))
                .stream())
        .toList();
  }

  static Map<MigrationId, Waiting> waiting(Memory memory, Collection<MigrationId> ids) {
    List<Open> waiting = open(memory).stream().filter(each -> each.waitsFor() != null).toList();
    return waiting.stream()
        .filter(each -> ids.contains(new MigrationId(each.id())))
        .collect(
            Collectors.toMap(
                each -> new MigrationId(each.id()),
                each ->
                    new Waiting(
                        Objects.requireNonNull(each.waitsFor()),
                        (int)
                            waiting.stream()
                                .filter(other -> other.number() < each.number())
                                .filter(other ->
                                    other.source().equals(each.source())
                                        || Objects.equals(other.destination(), each.destination()))
                                .count())));
  }
}
