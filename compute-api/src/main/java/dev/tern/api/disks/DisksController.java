package dev.tern.api.disks;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.servers.ServerAccess;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest.DescribeChain;
import dev.tern.contract.agent.AgentRequest.DescribeDisks;
import dev.tern.contract.agent.AgentRequest.DigestDisk;
import dev.tern.contract.agent.AgentResult.ChainReport;
import dev.tern.contract.agent.AgentResult.Disk;
import dev.tern.contract.agent.AgentResult.DiskDigest;
import dev.tern.contract.agent.AgentResult.DiskReport;
import dev.tern.contract.agent.AgentResult.LayerFacts;
import dev.tern.contract.agent.CopyOrder;
import dev.tern.store.DiskCopyStore;
import dev.tern.store.DiskCopyStore.CopyRecord;
import dev.tern.store.DiskCopyStore.NewCopy;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /v1/servers/{id}/disks}: what the host of a server says of its disks, and snapshots. */
@RestController
final class DisksController {
  private final ServerAccess access;
  private final AskHost host;
  private final DiskCopyStore copies;
  private final Supplier<UUID> newIds;

  DisksController(ServerAccess access, AskHost host, DiskCopyStore copies, Supplier<UUID> newIds) {
    this.access = access;
    this.host = host;
    this.copies = copies;
    this.newIds = newIds;
  }

  @GetMapping("/v1/servers/{id}/disks")
  ResponseEntity<JsonNode> list(@PathVariable String id, ApiRequest request)
      throws InterruptedException {
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.READER, "tern:disks:show");
    DiskReport report = described(server, request);
    ArrayNode disks = Json.array();
    report.disks().forEach(disk -> disks.add(view(disk, request)));
    return Json.ok("disks", disks);
  }

  private DiskReport described(ServerRecord server, ApiRequest request)
      throws InterruptedException {
    return host.ask(server, new DescribeDisks(AskHost.header(server, request)), DiskReport.class)
        .orElseThrow(() -> stillAtIt(server));
  }

  private static ComputeException stillAtIt(ServerRecord server) {
    return new ComputeException(
        ErrorCode.AGENT_NO_ANSWER,
        "The host of instance %s is still at it; try again later.".formatted(server.id()),
        null);
  }

  /** Paths of a host are for administrators. */
  private static ObjectNode view(Disk disk, ApiRequest request) {
    ObjectNode view = Json.object().put("id", disk.id());
    Json.putOrNull(view, "node", disk.node().orElse(null));
    if (request.admin()) {
      view.put("file", disk.file());
      Json.putOrNull(view, "storage", disk.storage().orElse(null));
    }
    view.put("format", disk.format()).put("cache", disk.cache());
    Json.putOrNull(view, "device", disk.device().orElse(null));
    return view.put("virtual_bytes", disk.virtualBytes())
        .put("allocated_bytes", disk.allocatedBytes());
  }

  @GetMapping("/v1/servers/{id}/disks/{disk}/chain")
  ResponseEntity<JsonNode> chain(
      @PathVariable String id, @PathVariable String disk, ApiRequest request)
      throws InterruptedException {
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.READER, "tern:disks:show");
    ChainReport report =
        host.ask(
                server, new DescribeChain(AskHost.header(server, request), disk), ChainReport.class)
            .orElseThrow(() -> stillAtIt(server));
    ObjectNode view = Json.object().put("disk", report.disk());
    ArrayNode layers = view.putArray("layers");
    report.layers().forEach(layer -> layers.add(view(layer, request)));
    return Json.ok("chain", view);
  }

  private static ObjectNode view(LayerFacts layer, ApiRequest request) {
    ObjectNode view = Json.object();
    if (request.admin()) {
      view.put("file", layer.file());
    }
    view.put("format", layer.format());
    Json.putOrNull(view, "sha256", layer.sha256().orElse(null));
    view.put("virtual_bytes", layer.virtualBytes())
        .put("allocated_bytes", layer.allocatedBytes())
        .put("file_bytes", layer.fileBytes());
    Json.putOrNull(view, "compat", layer.compat().orElse(null));
    return view.put("lazy_refcounts", layer.lazyRefcounts()).put("corrupt", layer.corrupt());
  }

  /** 202 while the host is still reading; asking again goes on with the same reading. */
  @GetMapping("/v1/servers/{id}/disks/{disk}/digest")
  ResponseEntity<JsonNode> digest(
      @PathVariable String id, @PathVariable String disk, ApiRequest request)
      throws InterruptedException {
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.MEMBER, "tern:disks:digest");
    // The request's id is the question's, so that who asks again is told the same work's end.
    dev.tern.contract.agent.AgentRequest.Header header =
        new dev.tern.contract.agent.AgentRequest.Header(
            dev.tern.contract.RequestId.of(server.id().value()),
            server.id(),
            server.epoch(),
            Optional.empty());
    Optional<DiskDigest> digest = host.ask(server, new DigestDisk(header, disk), DiskDigest.class);
    ObjectNode view = Json.object().put("disk", disk).put("algorithm", "sha256");
    if (digest.isEmpty()) {
      view.putNull("digest");
      return Json.status(202, Json.object().set("digest", view));
    }
    view.put("digest", digest.get().sha256()).put("bytes", digest.get().bytes());
    return Json.ok("digest", view);
  }

  @PostMapping("/v1/servers/{id}/disks/{disk}/snapshot")
  ResponseEntity<JsonNode> snapshot(
      @PathVariable String id, @PathVariable String disk, ApiRequest request)
      throws InterruptedException {
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.MEMBER, "tern:disks:snapshot");
    CopyChecks.requireFree(server, "snapshotDisk");
    if (described(server, request).disks().stream().noneMatch(d -> d.id().equals(disk))) {
      throw new ComputeException(
          ErrorCode.DISK_NOT_FOUND,
          "Instance %s has no disk '%s'; it has: %s."
              .formatted(
                  id,
                  Refusals.shortened(disk),
                  described(server, request).disks().stream().map(Disk::id).toList()),
          null);
    }
    CopyOrder order =
        new CopyOrder(
            newIds.get(),
            disk,
            true,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            false,
            false,
            true,
            0);
    return request.once(() -> {
      CopyRecord accepted =
          copies.requestSnapshot(new NewCopy(server.id(), order, Optional.empty()), request.by());
      return Json.status(202, Json.object().set("snapshot", CopyView.of(accepted, request)));
    });
  }
}
