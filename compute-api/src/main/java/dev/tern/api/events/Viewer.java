package dev.tern.api.events;

import dev.tern.store.ChangeStore.Kind;
import java.util.Optional;
import java.util.Set;

/**
 * What one client may see.
 *
 * @param project its own
 * @param all kinds of which it may see all
 */
record Viewer(String project, Set<Kind> all) {
  /** The event as this client is told it; empty for one that it is not told. */
  Optional<String> told(Event event) {
    if (all.contains(event.kind())) {
      return Optional.of(event.whole());
    }
    return event.project().filter(project::equals).flatMap(_ -> event.own());
  }
}
