package dev.tern.api.disks;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.api.servers.ServerAccess;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest.CheckCopy;
import dev.tern.contract.agent.AgentRequest.CopyUse;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.CopyOrder;
import dev.tern.contract.agent.NbdExport;
import dev.tern.store.DiskCopyStore;
import dev.tern.store.DiskCopyStore.CopyRecord;
import dev.tern.store.DiskCopyStore.NewCopy;
import dev.tern.store.DiskCopyStore.Wish;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;

/**
 * {@code /v1/servers/{id}/disks/{disk}/copy}: copies to other files of the same host, and to NBD
 * exports outside of Tern.
 */
@RestController
final class DiskCopyController {
  private static final Set<String> FIELDS =
      Set.of(
          "target",
          "storage",
          "name",
          "format",
          "mode",
          "then",
          "overwrite",
          "reuse",
          "delete_old",
          "resumable",
          "bandwidth");
  private static final int LISTED = 100;

  private final ServerAccess access;
  private final AskHost host;
  private final DiskCopyStore copies;
  private final ExportCopy exports;
  private final Supplier<UUID> newIds;

  DiskCopyController(
      ServerAccess access,
      AskHost host,
      DiskCopyStore copies,
      ExportCopy exports,
      Supplier<UUID> newIds) {
    this.access = access;
    this.host = host;
    this.copies = copies;
    this.exports = exports;
    this.newIds = newIds;
  }

  @PostMapping("/v1/servers/{id}/disks/{disk}/copy")
  ResponseEntity<JsonNode> copy(
      @PathVariable String id, @PathVariable String disk, JsonBody body, ApiRequest request)
      throws InterruptedException {
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.ADMIN, "tern:disks:copy");
    body.refuseOthers(FIELDS);
    CopyOrder order = order(disk, body);
    Optional<Wish> wish =
        switch (then(body, order)) {
          case "pivot" -> Optional.of(Wish.PIVOT);
          case "finish" -> Optional.of(Wish.FINISH);
          default -> Optional.empty();
        };
    CopyChecks.requireFree(server, "copyDisk");
    if (host.ask(server, new CheckCopy(AskHost.header(server, request), order), Nothing.class)
        .isEmpty()) {
      throw new ComputeException(
          ErrorCode.AGENT_NO_ANSWER, "The host is still at it; try again later.", null);
    }
    return request.once(() -> {
      CopyRecord accepted = copies.requestCopy(new NewCopy(server.id(), order, wish), request.by());
      return Json.status(202, Json.object().set("copy", CopyView.of(accepted, request)));
    });
  }

  private CopyOrder order(String disk, JsonBody body) {
    Optional<NbdExport> export = exports.of(body);
    if (export.isPresent()) {
      return CopyOrder.to(export.get(), newIds.get(), disk, bandwidth(body));
    }
    return new CopyOrder(
        newIds.get(),
        disk,
        word(body, "mode", "full", Set.of("full", "shallow")).equals("shallow"),
        body.optionalText("storage", 1, 255),
        body.optionalText("name", 1, 255),
        body.optionalText("format", 1, 255),
        body.flagOr("overwrite", false),
        body.flagOr("reuse", false),
        !body.flagOr("delete_old", false),
        bandwidth(body),
        body.flagOr("resumable", false) ? Optional.of(CopyUse.RESUMABLE) : Optional.empty());
  }

  private static String then(JsonBody body, CopyOrder order) {
    if (!order.resumable()) {
      String absent = order.export().isPresent() ? "finish" : "pivot";
      return word(body, "then", absent, Set.of("pivot", "finish", "wait"));
    }
    String then = word(body, "then", "finish", Set.of("pivot", "finish", "wait"));
    if (!then.equals("finish")) {
      throw body.invalid(
          "then",
          "A resumable copy ends by finish: it is the disk at one moment and does not follow it.");
    }
    return then;
  }

  private static String word(JsonBody body, String field, String absent, Set<String> words) {
    String word = body.optionalText(field, 1, 255).orElse(absent);
    if (!words.contains(word)) {
      throw body.invalid(field, "It is not one of %s.".formatted(words.stream().sorted().toList()));
    }
    return word;
  }

  /** Bytes per second; null and nothing are unlimited, 0 is a mistake. */
  private static long bandwidth(JsonBody body) {
    if (!body.given("bandwidth")) {
      return 0;
    }
    JsonNode value = body.required("bandwidth");
    if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() <= 0) {
      throw body.invalid(
          "bandwidth", "It is a positive number of bytes per second, or null for no limit.");
    }
    return value.longValue();
  }

  @GetMapping("/v1/servers/{id}/disks/{disk}/copy")
  ResponseEntity<JsonNode> list(
      @PathVariable String id, @PathVariable String disk, ApiRequest request) {
    ServerRecord server = access.find(id, request);
    request.caller().require(Role.READER, "tern:disks:show");
    ArrayNode all = Json.array();
    copies.list(server.id(), disk, LISTED).forEach(copy -> all.add(CopyView.of(copy, request)));
    return Json.ok("copies", all);
  }

  @GetMapping("/v1/servers/{id}/disks/{disk}/copy/{copy}")
  ResponseEntity<JsonNode> show(
      @PathVariable String id,
      @PathVariable String disk,
      @PathVariable String copy,
      ApiRequest request) {
    return Json.ok("copy", CopyView.of(find(id, disk, copy, request), request));
  }

  @PostMapping("/v1/servers/{id}/disks/{disk}/copy/{copy}/{end}")
  ResponseEntity<JsonNode> end(
      @PathVariable String id,
      @PathVariable String disk,
      @PathVariable String copy,
      @PathVariable String end,
      ApiRequest request) {
    CopyRecord found = find(id, disk, copy, request);
    request.caller().require(Role.ADMIN, "tern:disks:copy");
    Wish wish =
        switch (end) {
          case "pivot" -> Wish.PIVOT;
          case "finish" -> Wish.FINISH;
          case "cancel" -> Wish.CANCEL;
          default -> throw dev.tern.api.errors.HttpFailure.notFound();
        };
    if (wish == Wish.PIVOT && found.order().export().isPresent()) {
      throw ExportCopy.noPivot();
    }
    if (wish == Wish.PIVOT && found.order().resumable()) {
      throw new ComputeException(
          ErrorCode.INSTANCE_INVALID_STATE,
          "Disk copy %s is resumable: it is the disk at one moment and does not follow it, so the guest cannot go on with it."
              .formatted(copy),
          null);
    }
    return request.once(() ->
        Json.status(
            202, Json.object().set("copy", CopyView.of(copies.wish(found.id(), wish), request))));
  }

  @PatchMapping("/v1/servers/{id}/disks/{disk}/copy/{copy}")
  ResponseEntity<JsonNode> change(
      @PathVariable String id,
      @PathVariable String disk,
      @PathVariable String copy,
      JsonBody body,
      ApiRequest request) {
    CopyRecord found = find(id, disk, copy, request);
    request.caller().require(Role.ADMIN, "tern:disks:copy");
    body.refuseOthers(Set.of("bandwidth"));
    body.required("bandwidth");
    long bandwidth = bandwidth(body);
    return request.once(
        () -> Json.ok("copy", CopyView.of(copies.limit(found.id(), bandwidth), request)));
  }

  private CopyRecord find(String id, String disk, String copy, ApiRequest request) {
    ServerRecord server = access.find(id, request);
    return parse(copy)
        .flatMap(copies::find)
        .filter(found -> found.server().equals(server.id()) && found.order().disk().equals(disk))
        .orElseThrow(() ->
            new ComputeException(
                ErrorCode.DISK_COPY_NOT_FOUND,
                "Disk copy %s could not be found.".formatted(Refusals.shortened(copy)),
                null));
  }

  private static Optional<UUID> parse(String text) {
    try {
      return Optional.of(UUID.fromString(text)).filter(id -> id.toString().equals(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
