package dev.tern.api.evacuate;

import dev.tern.api.errors.HttpFailure;
import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.request.Page;
import dev.tern.contract.ComputeException;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.EvacuationStore;
import dev.tern.store.EvacuationStore.NewEvacuation;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.ServerStore;
import dev.tern.store.ServerStore.ServerQuery;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.VolumeStore;
import dev.tern.store.VolumeStore.VolumeRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /v1/hosts/{host}/evacuate}: all servers of a fenced host. It says of each what becomes of
 * it, and does nothing that loses data unless the request says that it may.
 */
@RestController
final class HostEvacuationController {
  private static final Set<String> FIELDS =
      Set.of("rebuildFromImage", "dryRun", "host", "leaveStopped", "oldDisks");
  private static final Set<TaskState> UNDER_WAY =
      Set.of(
          TaskState.REBUILDING, TaskState.REBUILD_BLOCK_DEVICE_MAPPING, TaskState.REBUILD_SPAWNING);

  private final EvacuationStore evacuations;
  private final ServerStore servers;
  private final VolumeStore volumes;
  private final Rebuilding rebuilding;
  private final Fence fence;
  private final Supplier<UUID> newIds;

  HostEvacuationController(
      EvacuationStore evacuations,
      ServerStore servers,
      VolumeStore volumes,
      Rebuilding rebuilding,
      Fence fence,
      Supplier<UUID> newIds) {
    this.evacuations = evacuations;
    this.servers = servers;
    this.volumes = volumes;
    this.rebuilding = rebuilding;
    this.fence = fence;
    this.newIds = newIds;
  }

  /** What is wanted of the host's servers. */
  private record Wish(
      boolean consent,
      boolean dryRun,
      Optional<HostName> target,
      boolean leaveStopped,
      boolean removeOldDisks) {}

  /** What becomes of a server. */
  private enum Becomes {
    REBUILT,
    UNDER_WAY,
    CANNOT;

    String word() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  @PostMapping("/v1/hosts/{host}/evacuate")
  ResponseEntity<JsonNode> evacuate(@PathVariable String host, JsonBody body, ApiRequest request)
      throws InterruptedException {
    request.caller().require(Role.ADMIN, "tern:hosts:evacuate");
    HostName source = existing(host);
    Wish wish = wish(body, source);
    List<ServerRecord> there = serversOf(source);
    ServerRecord any = there.isEmpty() ? null : there.getFirst();
    fence.require(
        source,
        any == null ? Fence.nobody() : any.id(),
        any == null ? 0 : any.epoch(),
        request.id());
    if (!wish.dryRun() && !wish.consent()) {
      throw Refusals.invalid(
          "Disks of host %s cannot be read: its %d servers are made anew from their images, without what they wrote to local disks. Ask with \"dryRun\": true what becomes of each, and say \"rebuildFromImage\": true to have it done."
              .formatted(source, there.size()));
    }
    Map<ServerId, List<VolumeRecord>> attached =
        volumes.of(there.stream().map(ServerRecord::id).toList());
    Supplier<ResponseEntity<JsonNode>> work =
        () -> {
          ArrayNode views = Json.array();
          for (ServerRecord server : there) {
            views.add(begun(server, attached.getOrDefault(server.id(), List.of()), wish, request));
          }
          return Json.status(wish.dryRun() ? 200 : 202, report(source, wish, views));
        };
    return wish.dryRun() ? work.get() : request.once(work);
  }

  private HostName existing(String name) {
    return fence
        .find(name)
        .map(HostRecord::report)
        .map(report -> report.host())
        .orElseThrow(() ->
            new HttpFailure(
                404, "Compute host %s could not be found.".formatted(Refusals.shortened(name))));
  }

  private Wish wish(JsonBody body, HostName source) {
    body.refuseOthers(FIELDS);
    Optional<HostName> target =
        EvacuateBody.host(body, "host")
            .map(name ->
                fence
                    .find(name)
                    .map(found -> found.report().host())
                    .orElseThrow(() -> Refusals.noComputeHost(name)));
    if (target.equals(Optional.of(source))) {
      throw Refusals.invalid("The target host can't be the same one.");
    }
    String old = body.optionalText("oldDisks", 1, 16).orElse("keep");
    if (!old.equals("keep") && !old.equals("remove")) {
      throw body.invalid(
          "oldDisks", "'%s' is not one of ['keep', 'remove']".formatted(Refusals.shortened(old)));
    }
    return new Wish(
        body.flagOr("rebuildFromImage", false),
        body.flagOr("dryRun", false),
        target,
        body.flagOr("leaveStopped", false),
        old.equals("remove"));
  }

  private List<ServerRecord> serversOf(HostName host) {
    List<ServerRecord> all = new ArrayList<>();
    Optional<ServerId> marker = Optional.empty();
    while (true) {
      List<ServerRecord> next = servers.list(query(host, marker));
      all.addAll(next);
      if (next.size() < Page.MAX) {
        return all;
      }
      marker = Optional.of(next.getLast().id());
    }
  }

  private static ServerQuery query(HostName host, Optional<ServerId> marker) {
    return new ServerQuery(
        Optional.empty(),
        Optional.empty(),
        Optional.of(host),
        Set.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        false,
        List.of(),
        marker,
        Page.MAX);
  }

  private ObjectNode begun(
      ServerRecord server, List<VolumeRecord> attached, Wish wish, ApiRequest request) {
    if (server.task().filter(UNDER_WAY::contains).isPresent()) {
      return view(server, attached, Becomes.UNDER_WAY, "it is being evacuated", wish);
    }
    Optional<ComputeException> objection = rebuilding.objection(server);
    if (objection.isPresent()) {
      return view(server, attached, Becomes.CANNOT, objection.get().explanation(), wish);
    }
    UUID id = newIds.get();
    if (!wish.dryRun()) {
      try {
        var _ =
            evacuations.request(
                new NewEvacuation(
                    id, server.id(), wish.target(), wish.leaveStopped(), wish.removeOldDisks()),
                request.by());
      } catch (ComputeException e) {
        // It has changed since the look.
        return view(server, attached, Becomes.CANNOT, e.explanation(), wish);
      }
    }
    ObjectNode view =
        view(
            server,
            attached,
            Becomes.REBUILT,
            "made anew from image %s; what its guest wrote to local disks is on the old host alone"
                .formatted(server.image()),
            wish);
    Json.putOrNull(view, "evacuation", wish.dryRun() ? null : id);
    return view;
  }

  private static ObjectNode view(
      ServerRecord server, List<VolumeRecord> attached, Becomes what, String why, Wish wish) {
    ObjectNode view =
        Json.object()
            .put("server", server.id().toString())
            .put("name", server.name())
            .put("vm_state", server.vmState().wire())
            .put("becomes", what.word())
            .put("why", why);
    boolean rebuilt = what == Becomes.REBUILT;
    ArrayNode lost = view.putArray("disks_made_anew");
    for (int disk = 0; rebuilt && disk <= server.ephemeralGib().size(); disk++) {
      lost.add("disk" + disk);
    }
    ArrayNode kept = view.putArray("volumes_attached_again");
    if (rebuilt) {
      attached.forEach(volume -> kept.add(volume.volume().address().uri()));
    }
    boolean stopped =
        server.vmState() == VmState.STOPPED
            || (wish.leaveStopped() && server.vmState() != VmState.ERROR);
    Json.putOrNull(view, "ends", rebuilt ? (stopped ? "stopped" : "active") : null);
    view.putNull("evacuation");
    return view;
  }

  private static JsonNode report(HostName source, Wish wish, ArrayNode views) {
    ObjectNode view =
        Json.object()
            .put("host", source.value())
            .put("dry_run", wish.dryRun())
            .put("old_disks", wish.removeOldDisks() ? "removed" : "kept");
    for (Becomes what : Becomes.values()) {
      view.put(
          what.word(),
          views
              .valueStream()
              .filter(each -> each.path("becomes").asString().equals(what.word()))
              .count());
    }
    view.set("servers", views);
    return Json.object().set("evacuation", view);
  }
}
