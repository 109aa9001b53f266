package dev.tern.api.evacuate;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.JsonBody;
import dev.tern.api.version.Change;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What {@code evacuate} says, in each of its four forms.
 *
 * @param host as named, empty for a host of the scheduler's choice
 * @param onSharedStorage the caller takes it that disks are still there; up to 2.13
 * @param password up to 2.13
 */
record EvacuateBody(Optional<String> host, boolean onSharedStorage, Optional<String> password) {
  private static final Pattern HOST = Pattern.compile("[a-zA-Z0-9-._]*");

  static EvacuateBody read(JsonBody body, ApiRequest request) {
    JsonBody action = body.object(EvacuateAction.KEY);
    boolean shared = request.version().before(Change.EVACUATE_FINDS_STORAGE);
    boolean mayForce =
        request.has(Change.EVACUATE_FORCE) && request.version().before(Change.FORCE_GONE);
    Set<String> known = new HashSet<>(Set.of("host"));
    // Nova has it up to 2.13 in the answer, and goes on to take it.
    known.add("adminPass");
    if (shared) {
      known.add("onSharedStorage");
    }
    if (mayForce) {
      known.add("force");
    }
    action.refuseOthers(known);
    Optional<String> host = host(action, "host");
    boolean onSharedStorage = shared && action.flag("onSharedStorage");
    Optional<String> password = action.optionalText("adminPass", 0, 255);
    // Forced or not, a host goes through the same checks here: no one is exempt from safety.
    if (mayForce && action.has("force") && action.flag("force") && host.isEmpty()) {
      throw Refusals.invalid("Can't force to a non-provided destination");
    }
    return new EvacuateBody(host, onSharedStorage, password);
  }

  /** Absent and null leave it to the scheduler. */
  static Optional<String> host(JsonBody body, String field) {
    if (!body.given(field)) {
      return Optional.empty();
    }
    String host = body.text(field, 1, 255);
    if (!HOST.matcher(host).matches()) {
      throw body.invalid(
          field, "'%s' does not match '^[a-zA-Z0-9-._]*$'".formatted(Refusals.shortened(host)));
    }
    return Optional.of(host);
  }
}
