package dev.tern.api.disks;

import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.servers.ServerAccess;
import dev.tern.api.servers.ServerAction;
import dev.tern.api.version.Change;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.ImageId;
import dev.tern.contract.agent.AgentRequest.CheckCopy;
import dev.tern.contract.agent.AgentRequest.CopyUse;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.CopyOrder;
import dev.tern.store.DiskCopyStore;
import dev.tern.store.DiskCopyStore.NewCopy;
import dev.tern.store.DiskCopyStore.Wish;
import dev.tern.store.ImageStore;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.ImageStore.ImageStatus;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Clock;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/**
 * {@code createImage}: the server's first disk as it is at one moment becomes an image, queued in
 * the transaction that accepts the request. A server made of it boots as this one does.
 */
@Component
final class CreateImageAction implements ServerAction {
  private static final String ROOT_DISK = "disk0";

  private final ServerAccess access;
  private final AskHost host;
  private final ImageStore images;
  private final DiskCopyStore copies;
  private final Supplier<UUID> newIds;
  private final Clock clock;

  CreateImageAction(
      ServerAccess access,
      AskHost host,
      ImageStore images,
      DiskCopyStore copies,
      Supplier<UUID> newIds,
      Clock clock) {
    this.access = access;
    this.host = host;
    this.images = images;
    this.copies = copies;
    this.newIds = newIds;
    this.clock = clock;
  }

  @Override
  public String key() {
    return "createImage";
  }

  @Override
  public ResponseEntity<JsonNode> perform(String serverId, JsonBody body, ApiRequest request)
      throws InterruptedException {
    JsonBody asked = body.object(key());
    asked.refuseOthers(Set.of("name", "metadata"));
    String name = asked.text("name", 1, 255);
    Map<String, String> metadata = metadata(asked);
    ServerRecord server = access.find(serverId, request);
    request.caller().require(Role.MEMBER, "servers:create_image");
    CopyChecks.requireFree(server, key());
    CopyOrder order = order();
    requirePossible(server, order, request);
    ImageRecord image = image(server, name, metadata, request);
    NewCopy copy = new NewCopy(server.id(), order, Optional.of(Wish.FINISH));
    return request.once(() -> {
      copies.requestImage(copy, image, request.by());
      if (request.has(Change.CREATE_IMAGE_BODY)) {
        return Json.status(202, Json.object().put("image_id", image.id().toString()));
      }
      return ResponseEntity.status(202)
          .header(HttpHeaders.LOCATION, request.base() + "/image/v2/images/" + image.id())
          .build();
    });
  }

  /** What its host refuses is refused at once; a host that is silent is asked again later. */
  private void requirePossible(ServerRecord server, CopyOrder order, ApiRequest request)
      throws InterruptedException {
    try {
      var _ =
          host.ask(server, new CheckCopy(AskHost.header(server, request), order), Nothing.class);
    } catch (ComputeException e) {
      if (e.code() != ErrorCode.AGENT_NO_ANSWER) {
        throw e;
      }
    }
  }

  private static Map<String, String> metadata(JsonBody asked) {
    Map<String, String> metadata = new LinkedHashMap<>();
    if (asked.given("metadata")) {
      JsonBody given = asked.object("metadata");
      for (String key : given.node().propertyNames()) {
        metadata.put(key, given.text(key, 0, 255));
      }
    }
    return metadata;
  }

  private CopyOrder order() {
    return new CopyOrder(
        newIds.get(),
        ROOT_DISK,
        false,
        Optional.empty(),
        Optional.empty(),
        Optional.of("qcow2"),
        false,
        false,
        true,
        0,
        Optional.of(CopyUse.IMAGE));
  }

  private ImageRecord image(
      ServerRecord server, String name, Map<String, String> metadata, ApiRequest request) {
    Optional<ImageRecord> base = images.find(server.image());
    Map<String, String> properties = new LinkedHashMap<>();
    // How the server boots is how a server made of its disk boots.
    base.ifPresent(image -> properties.putAll(image.properties()));
    properties.putAll(metadata);
    properties.put("instance_uuid", server.id().toString());
    properties.put("base_image_ref", server.image().toString());
    properties.put("image_type", "snapshot");
    properties.put("user_id", request.caller().user());
    Instant now = clock.instant();
    return new ImageRecord(
        new ImageId(newIds.get()),
        name,
        server.project(),
        "qcow2",
        "bare",
        "private",
        ImageStatus.QUEUED,
        server.flavor().diskGib(),
        base.map(ImageRecord::minRamMib).orElse(0),
        false,
        properties,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        now,
        now);
  }
}
