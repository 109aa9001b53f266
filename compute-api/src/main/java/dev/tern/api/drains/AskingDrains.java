package dev.tern.api.drains;

import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Json;
import dev.tern.api.request.Once;
import dev.tern.contract.Pause;
import dev.tern.contract.ServerId;
import dev.tern.store.DrainServer;
import dev.tern.store.DrainStore;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.NewDrain;
import dev.tern.store.DrainStore.State;
import dev.tern.store.ServerStore;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/** Asks for jobs that move servers, and shows them. */
@Component
final class AskingDrains {
  /**
   * Who asked waits for the plan, to hear of its deadline. It is made within two or three seconds,
   * for its guests are watched for one of them; a host that does not say what it saw holds it up
   * for eight.
   */
  private static final Duration PLAN_WAIT = Duration.ofSeconds(10);

  private static final Duration LOOK_EVERY = Duration.ofMillis(100);

  private final DrainStore drains;
  private final ServerStore servers;
  private final Clock clock;
  private final Pause pause;

  AskingDrains(DrainStore drains, ServerStore servers, Clock clock, Pause pause) {
    this.drains = drains;
    this.servers = servers;
    this.clock = clock;
    this.pause = pause;
  }

  /** The job, with its plan when that is made soon; the one under way when there is one. */
  ResponseEntity<JsonNode> ask(NewDrain asked, ApiRequest request) throws InterruptedException {
    ResponseEntity<JsonNode> accepted =
        request.once(() -> view(drains.request(asked, request.by()), HttpStatus.ACCEPTED));
    // With an Idempotency-Key the first answer is the one that repeats get: it has no plan yet.
    return request.once().equals(Once.EACH_TIME)
        ? planned(asked.id()).map(drain -> view(drain, HttpStatus.ACCEPTED)).orElse(accepted)
        : accepted;
  }

  /** Of the drain that this request has begun, if it has begun one and soon has a plan. */
  private Optional<DrainRecord> planned(UUID id) throws InterruptedException {
    Instant end = clock.instant().plus(PLAN_WAIT);
    while (true) {
      Optional<DrainRecord> drain = drains.find(id);
      if (drain.isEmpty() || drain.get().plan().isPresent() || drain.get().state().ended()) {
        return drain;
      }
      if (!clock.instant().isBefore(end)) {
        return Optional.empty();
      }
      pause.of(LOOK_EVERY);
    }
  }

  ResponseEntity<JsonNode> view(DrainRecord drain, HttpStatus status) {
    State state = drain.state();
    return ResponseEntity.status(state == State.PLANNED ? HttpStatus.OK : status)
        .body(Json.object().set("drain", whole(drain)));
  }

  private JsonNode whole(DrainRecord drain) {
    List<DrainServer> moved = drains.servers(drain.id());
    Set<ServerId> ids = new HashSet<>();
    drain.plan().ifPresent(plan -> plan.moves().forEach(move -> ids.add(move.server())));
    moved.forEach(server -> ids.add(server.server()));
    Map<ServerId, String> names = new HashMap<>();
    servers.find(ids).forEach((id, server) -> names.put(id, server.name()));
    return DrainView.whole(drain, moved, names, clock.instant());
  }
}
