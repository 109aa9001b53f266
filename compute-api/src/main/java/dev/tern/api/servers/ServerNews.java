package dev.tern.api.servers;

import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.store.ServerStore.ServerRecord;
import tools.jackson.databind.node.ObjectNode;

/** What of a server changes while it is watched. */
public final class ServerNews {
  private ServerNews() {}

  /**
   * By the names that the list of servers has for it.
   *
   * @param whole for an administrator, who sees hosts
   */
  public static ObjectNode of(ServerRecord server, boolean whole) {
    Status status = Status.of(server.vmState(), server.task());
    ObjectNode view =
        Json.object()
            .put("id", server.id().toString())
            .put("name", server.name())
            .put("status", status.name())
            .put("tenant_id", server.project());
    Json.putOrNull(view, "OS-EXT-STS:task_state", server.task().map(t -> t.wire()).orElse(null));
    view.put("OS-EXT-STS:power_state", server.power().number())
        .put("progress", server.progress())
        .put("locked", server.lock().isPresent())
        .put("updated", Dates.seconds(server.updatedAt()));
    view.putObject("flavor")
        .put("vcpus", server.flavor().vcpus())
        .put("ram", server.flavor().memoryMib())
        .put("disk", server.flavor().diskGib())
        .put("original_name", server.flavor().name());
    if (whole) {
      Json.putOrNull(view, "OS-EXT-SRV-ATTR:host", server.host().orElse(null));
    }
    return view;
  }
}
