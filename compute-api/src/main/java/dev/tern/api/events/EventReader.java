package dev.tern.api.events;

import dev.tern.api.ApiSettings;
import dev.tern.api.drains.DrainView;
import dev.tern.api.migrations.MigrationReport;
import dev.tern.api.servers.ServerNews;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import dev.tern.store.ChangeStore;
import dev.tern.store.ChangeStore.Change;
import dev.tern.store.ChangeStore.Changes;
import dev.tern.store.ChangeStore.Kind;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostGlance;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.TurnStore;
import dev.tern.store.TurnStore.Waiting;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.stereotype.Component;

/**
 * Looks what has changed, for all who watch at this process: the database is asked the same whether
 * one watches or five hundred do, and nothing when nobody does. Of one thread.
 */
@Component
public final class EventReader {
  /** Most changes of one look; after more, everybody reads anew. */
  private static final int MOST = 5_000;

  /** Somebody may come back. */
  private static final Duration LINGER = Duration.ofMinutes(1);

  private static final Duration FORGET_EVERY = Duration.ofMinutes(1);

  private final EventHub hub;
  private final ObjectProvider<ChangeStore> store;
  private final HostStore hosts;
  private final TurnStore turns;
  private final EventSettings settings;
  private final ApiSettings api;
  private final Clock clock;

  private @Nullable Long cursor;
  private boolean failed;
  private Instant watched = Instant.MIN;
  private Instant forgotten = Instant.MIN;
  private Instant hostsSeen = Instant.MIN;
  private Map<HostName, HostGlance> glances = Map.of();

  EventReader(
      EventHub hub,
      ObjectProvider<ChangeStore> store,
      HostStore hosts,
      TurnStore turns,
      EventSettings settings,
      ApiSettings api,
      Clock clock) {
    this.hub = hub;
    this.store = store;
    this.hosts = hosts;
    this.turns = turns;
    this.settings = settings;
    this.api = api;
    this.clock = clock;
  }

  /**
   * Looks once.
   *
   * @throws RuntimeException when the database does not answer; who watches is told to read anew
   *     once it does
   */
  public void look() {
    ChangeStore changes = store.getObject();
    Instant now = clock.instant();
    if (forgotten.isBefore(now.minus(FORGET_EVERY))) {
      int _ = changes.forget(settings.keep());
      forgotten = now;
    }
    if (hub.count() > 0) {
      watched = now;
    } else if (watched.isBefore(now.minus(LINGER))) {
      hub.pause();
      cursor = null;
      return;
    }
    try {
      read(changes, now);
      failed = false;
    } catch (RuntimeException e) {
      failed = true;
      throw e;
    }
  }

  private void read(ChangeStore changes, Instant now) {
    Long from = cursor;
    if (from == null || failed) {
      long begin = changes.now();
      glances = hub.count() > 0 ? glances() : Map.of();
      if (from == null) {
        hub.begin(begin);
      } else {
        hub.reset(begin);
      }
      cursor = begin;
      return;
    }
    Changes found = changes.since(from, MOST);
    if (!found.complete()) {
      hub.reset(found.upTo());
      cursor = found.upTo();
      return;
    }
    List<Event> events = new ArrayList<>(servers(changes, found.changes()));
    events.addAll(migrations(changes, found.changes(), now));
    events.addAll(drains(changes, found.changes()));
    events.addAll(hosts(found.changes(), now));
    hub.tell(found.upTo(), events);
    cursor = found.upTo();
  }

  private static <T> List<T> keys(List<Change> changes, Kind kind, Function<String, T> parse) {
    return changes.stream()
        .filter(change -> change.kind() == kind)
        .map(change -> parse.apply(change.key()))
        .toList();
  }

  private static List<Event> servers(ChangeStore store, List<Change> changes) {
    List<ServerId> ids = keys(changes, Kind.SERVER, ServerId::parse);
    List<ServerRecord> found = ids.isEmpty() ? List.of() : store.servers(ids);
    return found.stream()
        .map(server ->
            new Event(
                Kind.SERVER,
                Optional.of(server.project()),
                ServerNews.of(server, true).toString(),
                Optional.of(ServerNews.of(server, false).toString())))
        .toList();
  }

  private List<Event> migrations(ChangeStore store, List<Change> changes, Instant now) {
    List<MigrationId> ids = keys(changes, Kind.MIGRATION, MigrationId::parse);
    List<MigrationRecord> found = ids.isEmpty() ? List.of() : store.migrations(ids);
    Map<MigrationId, Waiting> waiting = MigrationReport.waiting(found, turns);
    return found.stream()
        .map(migration -> MigrationReport.of(migration, waiting, now).toString())
        .map(text -> new Event(Kind.MIGRATION, Optional.empty(), text, Optional.empty()))
        .toList();
  }

  private static List<Event> drains(ChangeStore store, List<Change> changes) {
    List<UUID> ids = keys(changes, Kind.DRAIN, UUID::fromString);
    List<DrainRecord> found = ids.isEmpty() ? List.of() : store.drains(ids);
    return found.stream()
        .map(drain -> DrainView.brief(drain).toString())
        .map(text -> new Event(Kind.DRAIN, Optional.empty(), text, Optional.empty()))
        .toList();
  }

  private Map<HostName, HostGlance> glances() {
    hostsSeen = clock.instant();
    Map<HostName, HostGlance> all = new HashMap<>();
    hosts.glances(api.serviceDownAfter()).forEach(glance -> all.put(glance.host(), glance));
    return all;
  }

  /** Those that are not as they were; a removed one says so. */
  private List<Event> hosts(List<Change> changes, Instant now) {
    boolean changed = changes.stream().anyMatch(change -> change.kind() == Kind.HOST);
    boolean due = !hostsSeen.plus(settings.hostsEvery()).isAfter(now);
    if (!hub.anybodySees(Kind.HOST) || !(changed || due)) {
      return List.of();
    }
    Map<HostName, HostGlance> before = glances;
    glances = glances();
    List<Event> events = new ArrayList<>();
    glances.forEach((host, glance) -> {
      @Nullable HostGlance was = before.get(host);
      if (was == null || !HostNews.of(was).equals(HostNews.of(glance))) {
        events.add(told(HostNews.of(glance).toString()));
      }
    });
    before.keySet().stream()
        .filter(host -> !glances.containsKey(host))
        .forEach(host -> events.add(told(HostNews.removed(host).toString())));
    return events;
  }

  private static Event told(String text) {
    return new Event(Kind.HOST, Optional.empty(), text, Optional.empty());
  }
}
