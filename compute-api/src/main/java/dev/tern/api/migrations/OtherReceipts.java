package dev.tern.api.migrations;

import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.contract.ClaimId;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.ClaimStore;
import dev.tern.store.ClaimStore.ClaimTrace;
import dev.tern.store.ColdMigrationStore;
import dev.tern.store.ColdMigrationStore.Arrival;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.EvacuationStore;
import dev.tern.store.EvacuationStore.EvacuationRecord;
import dev.tern.store.FenceStore.Outcome;
import dev.tern.store.ServerStore;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.springframework.stereotype.Component;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Receipts of servers that went to another host without their guests: what is known of it in the
 * database, what the two hosts hold of it, and whether one of them is still owed its removal.
 */
@Component
final class OtherReceipts {
  private static final String COMPARED =
      "Each file was read at its source after the guest had ended, and compared by sha256 where it"
          + " arrived, before it was put in place.";
  private static final String STAYED = "Nothing was sent: it stayed on its host.";

  private final ColdMigrationStore cold;
  private final EvacuationStore evacuations;
  private final ClaimStore claims;
  private final ServerStore servers;

  OtherReceipts(
      ColdMigrationStore cold,
      EvacuationStore evacuations,
      ClaimStore claims,
      ServerStore servers) {
    this.cold = cold;
    this.evacuations = evacuations;
    this.claims = claims;
    this.servers = servers;
  }

  /** Of a cold migration, a resize or an evacuation; empty when there is none of that id. */
  Optional<ObjectNode> of(UUID id) {
    return cold.find(id).map(this::ofCold).or(() -> evacuations.find(id).map(this::ofEvacuation));
  }

  private ObjectNode ofCold(ColdMigrationRecord one) {
    ObjectNode view = Json.object().put("migration", one.id().toString());
    view.put("kind", one.resize() ? "resize" : "migration").put("status", one.status().wire());
    boolean stayed = one.destination().equals(Optional.of(one.source()));
    ArrayNode objects = Json.array();
    one.sourceClaim().ifPresent(id -> objects.add(claim(id, one.source(), one.server())));
    one.destinationClaim()
        .ifPresent(id -> objects.add(claim(id, one.destination().orElseThrow(), one.server())));
    settle(view, one.id(), one.endedAt(), objects);
    ObjectNode moved = moved(one.server(), one.source(), one.destination());
    moved.put("bytes", one.bytes());
    moved.put(
        "seconds",
        one.finishedAt()
            .or(one::endedAt)
            .map(end -> Duration.between(one.createdAt(), end).toMillis() / 1e3)
            .orElse(null));
    moved.put("down_millis", one.downTime().map(Duration::toMillis).orElse(null));
    moved.put("ran", one.ran());
    moved.put("tries", one.arrival().map(Arrival::tries).orElse(null));
    one.arrival()
        .ifPresentOrElse(
            arrival -> moved.set("verified", verified(arrival, stayed)),
            () -> moved.putNull("verified"));
    view.set("moved", moved);
    view.putNull("rebuilt");
    SagaStory.addFailure(view, one.failure());
    return view;
  }

  private static ObjectNode verified(Arrival arrival, boolean stayed) {
    ObjectNode view = Json.object().put("how", stayed ? STAYED : COMPARED);
    ArrayNode disks = view.putArray("disks");
    new TreeMap<>(arrival.sha256())
        .forEach((disk, sha256) -> disks.addObject().put("disk", disk).put("sha256", sha256));
    return view;
  }

  private ObjectNode ofEvacuation(EvacuationRecord one) {
    ObjectNode view = Json.object().put("migration", one.id().toString());
    view.put("kind", "evacuation").put("status", one.status().wire());
    ArrayNode objects = Json.array();
    one.destinationClaim()
        .ifPresent(id -> objects.add(claim(id, one.destination().orElseThrow(), one.server())));
    settle(view, one.id(), one.endedAt(), objects);
    ObjectNode moved = moved(one.server(), one.source(), one.destination());
    moved.put(
        "seconds",
        one.ownerChangedAt()
            .map(there -> Duration.between(one.createdAt(), there).toMillis() / 1e3)
            .orElse(null));
    view.set("moved", moved);
    ObjectNode rebuilt = Json.object();
    Optional<ServerRecord> server = servers.findEvenDeleted(one.server());
    Json.putOrNull(
        rebuilt, "image", server.map(ServerRecord::image).map(Object::toString).orElse(null));
    rebuilt.put(
        "not_read",
        "What the guest had written to local disks on %s: that was stated to be down, and nothing of it was read."
            .formatted(one.source()));
    Json.putOrNull(
        rebuilt,
        "old_copy",
        one.outcome().map(Outcome::name).map(word -> word.toLowerCase(Locale.ROOT)).orElse(null));
    rebuilt.put("said", one.said());
    view.set("rebuilt", rebuilt);
    SagaStory.addFailure(view, one.failure());
    return view;
  }

  private static ObjectNode moved(ServerId server, HostName from, Optional<HostName> to) {
    ObjectNode moved = Json.object().put("server", server.toString()).put("from", from.value());
    Json.putOrNull(moved, "to", to.map(HostName::value).orElse(null));
    return moved;
  }

  /** It is over, nothing is open, and no host is owed the removal of something. */
  private void settle(ObjectNode view, UUID id, Optional<Instant> endedAt, ArrayNode objects) {
    List<HostName> owed = evacuations.owed(id);
    boolean settled = endedAt.isPresent() && owed.isEmpty();
    for (var object : objects) {
      settled &= !object.path("state").asString("").equals("open");
    }
    ArrayNode hosts = Json.array();
    owed.forEach(host ->
        hosts
            .addObject()
            .put("host", host.value())
            .putNull("answers")
            .put("settled", false)
            .putNull("told_at")
            .putNull("damaged"));
    view.put("settled", settled);
    view.set("hosts", hosts);
    view.set("objects", objects);
  }

  private ObjectNode claim(ClaimId id, HostName host, ServerId server) {
    Optional<ClaimTrace> trace = claims.trace(id);
    boolean held = trace.isPresent() && trace.get().releasedAt().isEmpty();
    boolean own = servers.find(server).flatMap(ServerRecord::claim).equals(Optional.of(id));
    String made = trace.map(t -> Dates.micros(t.claimedAt())).orElse(null);
    ObjectNode view =
        Json.object()
            .put("host", host.value())
            .put("kind", "claim")
            .put("name", id.toString())
            .put("state", !held ? "removed" : own ? "kept" : "open");
    Json.putOrNull(view, "intended_at", made);
    Json.putOrNull(view, "made_at", made);
    Json.putOrNull(
        view, "ended_at", trace.flatMap(ClaimTrace::releasedAt).map(Dates::micros).orElse(null));
    return view.putNull("why");
  }
}
