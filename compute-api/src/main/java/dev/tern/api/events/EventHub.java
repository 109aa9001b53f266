package dev.tern.api.events;

import dev.tern.contract.metrics.Metric;
import dev.tern.store.ChangeStore.Kind;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * Passes what the reader finds on to those who watch, and keeps some of it for those who come back.
 * The id of an event is up to where the database was read; it means the same to every API process.
 */
@Component
final class EventHub implements SmartLifecycle {
  /** What was found in one look. */
  private record Batch(long upTo, List<Event> events) {}

  private final EventSettings settings;

  // All guarded by this.
  private final Set<Watcher> watchers = new LinkedHashSet<>();
  private final Set<Watcher> arriving = new LinkedHashSet<>();
  private final Deque<Batch> kept = new ArrayDeque<>();
  private int keptEvents;
  private long keptFrom;
  private @Nullable Long upTo;
  private long dropped;
  private boolean running;

  EventHub(EventSettings settings, MeterRegistry metrics) {
    this.settings = settings;
    Metric.EVENT_CLIENTS.gauge(metrics, this, EventHub::count);
    Metric.EVENTS_DROPPED.counts(metrics, this, EventHub::dropped);
  }

  /**
   * Lets a client watch. It is told nothing until the reader has looked, and from then on
   * everything; first {@code hello} when it has missed nothing or {@code reset} when it has to read
   * anew.
   *
   * @return false when there are too many, or this process is stopping
   */
  synchronized boolean add(Watcher watcher) {
    if (!running || watchers.size() + arriving.size() >= settings.most()) {
      return false;
    }
    arriving.add(watcher);
    if (upTo != null) {
      welcome(upTo);
    }
    return true;
  }

  synchronized void remove(Watcher watcher) {
    watchers.remove(watcher);
    arriving.remove(watcher);
  }

  synchronized int count() {
    return watchers.size() + arriving.size();
  }

  /** Clients that were too slow. */
  synchronized long dropped() {
    return dropped;
  }

  synchronized boolean anybodySees(Kind kind) {
    return watchers.stream().anyMatch(watcher -> watcher.viewer().all().contains(kind));
  }

  /** The reader begins here; nothing from before is known. */
  synchronized void begin(long from) {
    kept.clear();
    keptEvents = 0;
    keptFrom = from;
    upTo = from;
    welcome(from);
  }

  /** The reader ends: who comes next waits until it begins again. */
  synchronized void pause() {
    upTo = null;
  }

  /** All that was missed is unknown: everybody reads anew. */
  synchronized void reset(long from) {
    begin(from);
    tell(List.copyOf(watchers), _ -> Optional.of(message("reset", "{}", from)));
  }

  /** What has changed since the last look. */
  synchronized void tell(long now, List<Event> events) {
    upTo = now;
    if (events.isEmpty()) {
      return;
    }
    keep(new Batch(now, events));
    tell(List.copyOf(watchers), watcher -> text(events, watcher.viewer(), now));
  }

  private interface Telling {
    Optional<String> to(Watcher watcher);
  }

  private void tell(List<Watcher> all, Telling telling) {
    for (Watcher watcher : all) {
      boolean heard = telling.to(watcher).map(watcher::offer).orElse(true);
      if (!heard) {
        dropped++;
        watchers.remove(watcher);
      }
    }
  }

  private void keep(Batch batch) {
    kept.addLast(batch);
    keptEvents += batch.events().size();
    while (keptEvents > settings.kept()) {
      Batch oldest = kept.removeFirst();
      keptEvents -= oldest.events().size();
      keptFrom = oldest.upTo();
    }
  }

  private void welcome(long now) {
    for (Watcher watcher : List.copyOf(arriving)) {
      arriving.remove(watcher);
      watchers.add(watcher);
      boolean goesOn = watcher.from().filter(from -> from >= keptFrom && from <= now).isPresent();
      List<String> first = new ArrayList<>();
      first.add(message(goesOn || watcher.from().isEmpty() ? "hello" : "reset", "{}", now));
      if (goesOn) {
        kept.stream()
            .filter(batch -> batch.upTo() > watcher.from().orElseThrow())
            .flatMap(batch -> text(batch.events(), watcher.viewer(), batch.upTo()).stream())
            .forEach(first::add);
      }
      tell(List.of(watcher), _ -> Optional.of(String.join("", first)));
    }
  }

  /** One text for a whole look: its id comes with the last event, so that none is passed over. */
  private static Optional<String> text(List<Event> events, Viewer viewer, long upTo) {
    StringBuilder text = new StringBuilder();
    for (Event event : events) {
      viewer
          .told(event)
          .ifPresent(data ->
              text.append("event: ")
                  .append(event.kind().name().toLowerCase(Locale.ROOT))
                  .append("\ndata: ")
                  .append(data)
                  .append("\n\n"));
    }
    if (text.isEmpty()) {
      return Optional.empty();
    }
    text.setLength(text.length() - 1);
    return Optional.of(text.append("id: ").append(upTo).append("\n\n").toString());
  }

  private static String message(String event, String data, long id) {
    return "event: %s\ndata: %s\nid: %d\n\n".formatted(event, data, id);
  }

  @Override
  public synchronized void start() {
    running = true;
  }

  /** Before the web server waits for requests that are under way: these would last. */
  @Override
  public synchronized void stop() {
    running = false;
    watchers.forEach(Watcher::end);
    arriving.forEach(Watcher::end);
    watchers.clear();
    arriving.clear();
  }

  @Override
  public synchronized boolean isRunning() {
    return running;
  }
}
