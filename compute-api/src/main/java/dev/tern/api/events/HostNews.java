package dev.tern.api.events;

import dev.tern.api.request.Json;
import dev.tern.contract.HostName;
import dev.tern.store.HostStore.HostGlance;
import tools.jackson.databind.node.ObjectNode;

/** What of a host changes from one minute to the next. */
final class HostNews {
  private HostNews() {}

  static ObjectNode of(HostGlance host) {
    ObjectNode view =
        Json.object()
            .put("host", host.host().value())
            .put("state", host.up() ? "up" : "down")
            .put("status", host.disabled() ? "disabled" : "enabled");
    Json.putOrNull(view, "disabled_reason", host.disabledReason().orElse(null));
    return view.put("forced_down", host.forcedDown())
        .put("vcpus_used", host.claimed().vcpus())
        .put("memory_mb_used", host.claimed().memoryMib())
        .put("disk_bytes_used", host.claimed().diskBytes())
        .put("migrations", host.activeMigrations());
  }

  static ObjectNode removed(HostName host) {
    return Json.object().put("host", host.value()).put("state", "removed");
  }
}
