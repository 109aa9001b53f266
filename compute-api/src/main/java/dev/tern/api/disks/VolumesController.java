package dev.tern.api.disks;

import dev.tern.api.errors.HttpFailure;
import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.servers.ServerAccess;
import dev.tern.api.version.Change;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest.CheckVolume;
import dev.tern.contract.agent.AgentResult.VolumeThere;
import dev.tern.contract.agent.VolumeAddress;
import dev.tern.contract.agent.VolumeRef;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.VolumeStore;
import dev.tern.store.VolumeStore.VolumeRecord;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /v1/servers/{id}/volumes}: volumes by address, and the same as Nova's clients read them.
 * Whoever may name an address lets hosts connect to it, so that is for administrators.
 */
@RestController
final class VolumesController {
  private static final int LONGEST_URI = 600;

  private final ServerAccess access;
  private final AskHost host;
  private final VolumeStore volumes;
  private final Supplier<UUID> newIds;

  VolumesController(ServerAccess access, AskHost host, VolumeStore volumes, Supplier<UUID> newIds) {
    this.access = access;
    this.host = host;
    this.volumes = volumes;
    this.newIds = newIds;
  }

  @PostMapping("/v1/servers/{id}/volumes")
  ResponseEntity<JsonNode> attach(@PathVariable String id, JsonBody body, ApiRequest request)
      throws InterruptedException {
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.ADMIN, "tern:volumes:attach");
    body.refuseOthers(Set.of("volume"));
    JsonBody volume = body.object("volume");
    volume.refuseOthers(Set.of("uri"));
    VolumeRef wanted = new VolumeRef(newIds.get(), address(volume));
    CopyChecks.requireFree(server, "attach_volume");
    Optional<VolumeThere> there =
        host.ask(
            server, new CheckVolume(AskHost.header(server, request), wanted), VolumeThere.class);
    if (there.isEmpty()) {
      throw new ComputeException(
          ErrorCode.AGENT_NO_ANSWER, "The host is still at it; try again later.", null);
    }
    return request.once(() -> {
      VolumeRecord accepted = volumes.requestAttach(server.id(), wanted, request.by());
      return Json.status(202, Json.object().set("volume", view(accepted, request)));
    });
  }

  private static VolumeAddress address(JsonBody volume) {
    String uri = volume.text("uri", 1, LONGEST_URI);
    try {
      return VolumeAddress.parse(uri);
    } catch (IllegalArgumentException e) {
      throw new ComputeException(
          ErrorCode.VOLUME_UNACCEPTABLE,
          "The volume '%s' cannot be attached: %s."
              .formatted(Refusals.shortened(uri), e.getMessage()),
          e);
    }
  }

  @GetMapping("/v1/servers/{id}/volumes")
  ResponseEntity<JsonNode> list(@PathVariable String id, ApiRequest request) {
    ArrayNode all = Json.array();
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.READER, "tern:volumes:show");
    attached(server).forEach(volume -> all.add(view(volume, request)));
    return Json.ok("volumes", all);
  }

  /** Also one that could not be attached, or is not any more: to see why. */
  @GetMapping("/v1/servers/{id}/volumes/{volume}")
  ResponseEntity<JsonNode> show(
      @PathVariable String id, @PathVariable String volume, ApiRequest request) {
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.READER, "tern:volumes:show");
    return Json.ok("volume", view(find(server, volume), request));
  }

  @DeleteMapping("/v1/servers/{id}/volumes/{volume}")
  ResponseEntity<JsonNode> detach(
      @PathVariable String id, @PathVariable String volume, ApiRequest request) {
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.ADMIN, "tern:volumes:detach");
    VolumeRecord accepted =
        volumes.requestDetach(server.id(), find(server, volume).id(), request.by());
    return Json.status(202, Json.object().set("volume", view(accepted, request)));
  }

  private List<VolumeRecord> attached(ServerRecord server) {
    return volumes.of(List.of(server.id())).getOrDefault(server.id(), List.of());
  }

  private VolumeRecord find(ServerRecord server, String id) {
    return parse(id)
        .flatMap(volumes::find)
        .filter(volume -> volume.server().equals(server.id()))
        .orElseThrow(() ->
            new ComputeException(
                ErrorCode.VOLUME_NOT_FOUND,
                "Volume %s is not attached to instance %s."
                    .formatted(Refusals.shortened(id), server.id()),
                null));
  }

  private static Optional<UUID> parse(String text) {
    try {
      return Optional.of(UUID.fromString(text)).filter(id -> id.toString().equals(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Addresses of the storage network are for administrators. */
  private static ObjectNode view(VolumeRecord volume, ApiRequest request) {
    ObjectNode view =
        Json.object()
            .put("id", volume.id().toString())
            .put("server", volume.server().toString())
            .put("disk", volume.volume().disk());
    if (request.admin()) {
      view.put("uri", volume.volume().address().uri());
    }
    view.put("status", volume.status().name().toLowerCase(Locale.ROOT));
    volume.bytes().ifPresentOrElse(size -> view.put("bytes", size), () -> view.putNull("bytes"));
    volume
        .failure()
        .ifPresentOrElse(
            failure ->
                view.putObject("failure")
                    .put("code", failure.code().novaName())
                    .put("message", failure.message()),
            () -> view.putNull("failure"));
    return view.put("created_at", Dates.micros(volume.createdAt()))
        .put("updated_at", Dates.micros(volume.updatedAt()));
  }

  // ---- as Nova shows them

  @GetMapping("/v2.1/servers/{id}/os-volume_attachments")
  ResponseEntity<JsonNode> novaList(@PathVariable String id, ApiRequest request) {
    ArrayNode all = Json.array();
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.READER, "os-volumes-attachments:index");
    attached(server).forEach(volume -> all.add(novaView(volume, request)));
    return Json.ok("volumeAttachments", all);
  }

  @GetMapping("/v2.1/servers/{id}/os-volume_attachments/{volume}")
  ResponseEntity<JsonNode> novaShow(
      @PathVariable String id, @PathVariable String volume, ApiRequest request) {
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.READER, "os-volumes-attachments:show");
    VolumeRecord found = find(server, volume);
    if (!attached(server).contains(found)) {
      throw HttpFailure.notFound();
    }
    return Json.ok("volumeAttachment", novaView(found, request));
  }

  /** The guest names its devices itself, so no name is made up here. */
  private static ObjectNode novaView(VolumeRecord volume, ApiRequest request) {
    String id = volume.id().toString();
    ObjectNode view = Json.object().put("serverId", volume.server().toString());
    view.put("volumeId", id).putNull("device");
    if (request.has(Change.ATTACHMENT_ID)) {
      view.put("attachment_id", id).put("bdm_uuid", id);
    } else {
      view.put("id", id);
    }
    if (request.has(Change.ATTACHMENT_TAGS)) {
      view.putNull("tag");
    }
    if (request.has(Change.DELETE_ON_TERMINATION)) {
      view.put("delete_on_termination", false);
    }
    return view;
  }
}
