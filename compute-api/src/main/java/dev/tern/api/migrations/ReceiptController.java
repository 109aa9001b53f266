package dev.tern.api.migrations;

import dev.tern.api.hosts.AskingHosts;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostAnswer.Receipt;
import dev.tern.contract.host.HostQuestion.TellReceipt;
import dev.tern.contract.host.ReceiptEntry;
import dev.tern.store.ClaimStore;
import dev.tern.store.ClaimStore.ClaimTrace;
import dev.tern.store.MigrationStore;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.ReceiptStore;
import dev.tern.store.ReceiptStore.HostReceipt;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /v1/migrations/ID/receipt}: every object that was made for a migration, and what became of
 * it. A host whose part is not settled is asked now; what it said last is told when it is silent.
 */
@RestController
final class ReceiptController {
  private static final Duration LOOK = Duration.ofSeconds(5);

  private final MigrationStore migrations;
  private final ReceiptStore receipts;
  private final ClaimStore claims;
  private final AskingHosts hosts;
  private final OtherReceipts others;

  ReceiptController(
      MigrationStore migrations,
      ReceiptStore receipts,
      ClaimStore claims,
      AskingHosts hosts,
      OtherReceipts others) {
    this.others = others;
    this.migrations = migrations;
    this.receipts = receipts;
    this.claims = claims;
    this.hosts = hosts;
  }

  @GetMapping("/v1/migrations/{uuid}/receipt")
  ResponseEntity<JsonNode> show(@PathVariable String uuid, ApiRequest request)
      throws InterruptedException {
    request.caller().require(Role.ADMIN, "tern:migrations:receipt");
    Optional<MigrationId> id = MigrationReportController.parse(uuid);
    Optional<MigrationRecord> live = id.flatMap(migrations::find);
    if (live.isEmpty()) {
      return Json.ok(
          "receipt",
          id.flatMap(other -> others.of(other.value()))
              .orElseThrow(() -> MigrationReportController.noMigration(uuid)));
    }
    MigrationRecord migration = live.get();
    Map<HostName, Boolean> answering = ask(migration);
    ObjectNode view = Json.object().put("migration", migration.id().toString());
    boolean over = migration.status().terminal();
    boolean settled = over && answering.values().stream().allMatch(answers -> answers);
    ArrayNode parts = Json.array();
    ArrayNode objects = Json.array();
    for (HostReceipt part : receipts.of(migration.id())) {
      settled &= part.receipt().settled();
      parts.add(part(part, answering));
      part.receipt().entries().forEach(entry -> objects.add(object(part.host(), entry)));
      answering.remove(part.host());
    }
    answering.forEach((host, answers) ->
        parts.addObject().put("host", host.value()).put("answers", answers).putNull("told_at"));
    Optional<ObjectNode> claim = claim(migration);
    settled &= claim.isEmpty() || !over || !claim.get().path("state").asString().equals("open");
    claim.ifPresent(objects::add);
    view.put("status", migration.status().wire()).put("settled", settled);
    view.set("hosts", parts);
    view.set("objects", objects);
    return Json.ok("receipt", view);
  }

  /** Asks every host whose part may still change; tells which answered. */
  private Map<HostName, Boolean> ask(MigrationRecord migration) throws InterruptedException {
    Map<HostName, Boolean> open = new TreeMap<>(java.util.Comparator.comparing(HostName::value));
    open.put(migration.source(), true);
    migration.destination().ifPresent(host -> open.put(host, true));
    for (HostReceipt known : receipts.of(migration.id())) {
      if (migration.status().terminal() && known.receipt().settled()) {
        open.remove(known.host());
      } else {
        open.put(known.host(), true);
      }
    }
    for (HostName host : java.util.List.copyOf(open.keySet())) {
      switch (hosts.ask(host, new TellReceipt(migration.id()), LOOK)) {
        case Asked.Answered(Receipt said) -> {
          if (said.revision() > 0 || said.damaged().isPresent()) {
            receipts.keep(migration.id(), host, said);
          }
        }
        case Asked.Answered(HostAnswer _) -> open.put(host, false);
        case Asked.NoAnswer<HostAnswer> _ -> open.put(host, false);
      }
    }
    return open;
  }

  private static ObjectNode part(HostReceipt part, Map<HostName, Boolean> answering) {
    ObjectNode view = Json.object().put("host", part.host().value());
    // One that is settled is not asked any more.
    Boolean answers = answering.get(part.host());
    if (answers == null) {
      view.putNull("answers");
    } else {
      view.put("answers", answers);
    }
    view.put("settled", part.receipt().settled()).put("told_at", Dates.micros(part.toldAt()));
    Json.putOrNull(view, "damaged", part.receipt().damaged().orElse(null));
    return view;
  }

  private static ObjectNode object(HostName host, ReceiptEntry entry) {
    ObjectNode view =
        Json.object()
            .put("host", host.value())
            .put("kind", word(entry.kind()))
            .put("name", entry.name())
            .put("state", entry.end().map(ReceiptController::word).orElse("open"))
            .put("intended_at", Dates.micros(entry.intendedAt()));
    Json.putOrNull(view, "made_at", entry.madeAt().map(Dates::micros).orElse(null));
    Json.putOrNull(view, "ended_at", entry.endedAt().map(Dates::micros).orElse(null));
    Json.putOrNull(view, "why", entry.why().orElse(null));
    return view;
  }

  private static String word(Enum<?> word) {
    return word.name().toLowerCase(java.util.Locale.ROOT);
  }

  /** Of the destination; the source's was the server's before. */
  private Optional<ObjectNode> claim(MigrationRecord migration) {
    return migration
        .destinationClaim()
        .map(id -> {
          Optional<ClaimTrace> trace = claims.trace(id);
          boolean held = trace.isPresent() && trace.get().releasedAt().isEmpty();
          ObjectNode view =
              Json.object()
                  .put("host", migration.destination().map(HostName::value).orElse(""))
                  .put("kind", "claim")
                  .put("name", id.toString())
                  .put("state", held ? state(migration) : "removed");
          String made = trace.map(t -> Dates.micros(t.claimedAt())).orElse(null);
          Json.putOrNull(view, "intended_at", made);
          Json.putOrNull(view, "made_at", made);
          Json.putOrNull(
              view,
              "ended_at",
              trace.flatMap(ClaimTrace::releasedAt).map(Dates::micros).orElse(null));
          return view;
        });
  }

  /** A claim that is held: the server's own where it has moved. */
  private static String state(MigrationRecord migration) {
    return switch (migration.status()) {
      case COMPLETED -> "kept";
      case ACCEPTED, QUEUED, PREPARING, RUNNING, FAILED, CANCELLED, ERROR -> "open";
    };
  }
}
