package dev.tern.api.events;

import dev.tern.store.ChangeStore.Kind;
import java.util.Optional;

/**
 * Something as it is now, in the two forms in which it is told.
 *
 * @param project whose it is; empty for what is no project's
 * @param whole for who may see all of its kind
 * @param own for its project; empty for what projects do not see
 */
record Event(Kind kind, Optional<String> project, String whole, Optional<String> own) {}
