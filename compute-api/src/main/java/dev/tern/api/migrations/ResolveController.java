package dev.tern.api.migrations;

import dev.tern.api.disks.Agents;
import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.FenceStore;
import dev.tern.store.FenceStore.Runs;
import dev.tern.store.MigrationStore;
import dev.tern.store.MigrationStore.MigrationRecord;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /v1/migrations/{uuid}/resolve}: an operator states that a host which does not answer is
 * fenced, and which host keeps the guest, or that nobody does. Nobody is believed whom Tern can ask
 * itself, no copy is started that its own agent does not vouch for, and no guest is given up while
 * its destination may have it.
 */
@RestController
final class ResolveController {
  private static final Duration ONCE = Duration.ofSeconds(3);

  private final MigrationStore migrations;
  private final FenceStore fences;
  private final Agents agents;
  private final Clock clock;

  ResolveController(MigrationStore migrations, FenceStore fences, Agents agents, Clock clock) {
    this.migrations = migrations;
    this.fences = fences;
    this.agents = agents;
    this.clock = clock;
  }

  /** Accepted once it is durable; the conductor acts on it within seconds. */
  @PostMapping("/v1/migrations/{uuid}/resolve")
  ResponseEntity<JsonNode> resolve(@PathVariable String uuid, JsonBody whole, ApiRequest request)
      throws InterruptedException {
    request.caller().require(Role.ADMIN, "tern:migrations:resolve");
    whole.refuseOthers(Set.of("resolve"));
    JsonBody body = whole.object("resolve");
    body.refuseOthers(Set.of("runner", "fenced"));
    Keeper keeper = keeper(body.text("runner", 1, 16));
    String named = body.text("fenced", 1, 255);
    MigrationRecord migration =
        MigrationReportController.parse(uuid)
            .flatMap(migrations::find)
            .orElseThrow(() -> MigrationReportController.noMigration(uuid));
    HostName fenced = fenced(migration, keeper, named);
    Runs runs = keeper == Keeper.NOBODY ? Runs.NOWHERE : Runs.ELSEWHERE;
    HostName other = fences.requireWaiting(migration.id(), fenced, runs);
    requireSilent(migration, fenced, request);
    requireConsent(migration, other, keeper, request);
    return request.once(() -> {
      FenceStore.FenceRecord fence = fences.state(migration.id(), fenced, runs, request.by());
      ObjectNode view = MigrationReport.of(migration, migrations, clock.instant());
      view.set("resolution", DoubtView.of(fence, migration));
      return ResponseEntity.status(HttpStatus.ACCEPTED).body(Json.object().set("migration", view));
    });
  }

  /** Who has the guest, as is stated. */
  private enum Keeper {
    SOURCE,
    DESTINATION,
    NOBODY
  }

  private static Keeper keeper(String runner) {
    return switch (runner) {
      case "source" -> Keeper.SOURCE;
      case "destination" -> Keeper.DESTINATION;
      case "none" -> Keeper.NOBODY;
      default ->
          throw invalid(
              "runner is 'source' or 'destination', the host that keeps the guest, or 'none' when it is lost with its source. '%s' is none of them."
                  .formatted(Refusals.shortened(runner)));
    };
  }

  private static HostName fenced(MigrationRecord migration, Keeper keeper, String named) {
    HostName destination =
        migration
            .destination()
            .orElseThrow(() ->
                refused(migration, "it has no destination yet, so nothing of it is elsewhere"));
    HostName fenced =
        switch (keeper) {
          case SOURCE -> destination;
          case DESTINATION, NOBODY -> migration.source();
        };
    if (!fenced.value().equals(named)) {
      throw invalid(
          "fenced names the host that does not keep the guest and is powered off, or whose QEMU of this server is dead: here that is %s, and not '%s'."
              .formatted(fenced, Refusals.shortened(named)));
    }
    return fenced;
  }

  private void requireSilent(MigrationRecord migration, HostName fenced, ApiRequest request)
      throws InterruptedException {
    switch (ask(migration, fenced, request)) {
      case Asked.Answered<AgentAnswer> _ ->
          throw refused(
              migration,
              "the agent of host %s answers, so Tern asks it itself and the migration ends without you"
                  .formatted(fenced));
      case Asked.NoAnswer(String why, Asked.Cause cause) -> {
        switch (cause) {
          case SILENT -> {}
          case NO_BROKER -> throw nobodyAsked(migration, fenced, why);
          case NOT_UNDERSTOOD ->
              throw refused(
                  migration,
                  "host %s is there, and does not understand this version's questions (%s)"
                      .formatted(fenced, why));
        }
      }
    }
  }

  private void requireConsent(
      MigrationRecord migration, HostName host, Keeper keeper, ApiRequest request)
      throws InterruptedException {
    switch (ask(migration, host, request)) {
      case Asked.Answered(AgentAnswer.Done(GuestReport report)) -> {
        Optional<String> objection = objection(report, keeper);
        if (objection.isPresent()) {
          throw refused(
              migration,
              "host %s says that %s: %s%s"
                  .formatted(
                      host,
                      objection.get(),
                      report.runner(),
                      report.detail().isEmpty() ? "" : ", " + report.detail()));
        }
      }
      case Asked.Answered(AgentAnswer other) ->
          throw refused(migration, "host %s does not say what it has: %s".formatted(host, other));
      case Asked.NoAnswer(String why, Asked.Cause cause) ->
          throw cause == Asked.Cause.NO_BROKER
              ? nobodyAsked(migration, host, why)
              : refused(
                  migration,
                  "host %s, which is to %s, does not answer either. Bring its agent back first"
                      .formatted(
                          host,
                          keeper == Keeper.NOBODY
                              ? "say that the guest has not arrived"
                              : "keep the guest"));
    }
  }

  // That nobody could be asked is no silence: the host may be well, and run the guest.
  private static ComputeException nobodyAsked(
      MigrationRecord migration, HostName host, String why) {
    return refused(
        migration,
        "the message broker cannot be reached, so host %s could not be asked (%s); try again when it is back"
            .formatted(host, why));
  }

  /** Why what the host says does not go with the statement; empty when it does. */
  private static Optional<String> objection(GuestReport report, Keeper keeper) {
    return switch (keeper) {
      case SOURCE, DESTINATION ->
          has(report, keeper == Keeper.SOURCE)
              ? Optional.empty()
              : Optional.of("it has no guest to keep");
      case NOBODY ->
          switch (report.runner()) {
            case INCOMING, DEAD, ABSENT -> Optional.empty();
            case RUNNING, PAUSED, SUSPENDED, STOPPED, BROKEN ->
                Optional.of("the guest has arrived there, so runner is 'destination'");
            case HANDED_OVER, UNKNOWN -> Optional.of("it cannot tell whether the guest arrived");
          };
    };
  }

  private static boolean has(GuestReport report, boolean source) {
    return switch (report.runner()) {
      case RUNNING, PAUSED, SUSPENDED, STOPPED -> true;
      case HANDED_OVER -> source;
      case INCOMING, DEAD, ABSENT, BROKEN, UNKNOWN -> false;
    };
  }

  private Asked<AgentAnswer> ask(MigrationRecord migration, HostName host, ApiRequest request)
      throws InterruptedException {
    Header header =
        new Header(
            request.id(), migration.server(), migration.epoch(), Optional.of(migration.id()));
    return agents.ask(host, new AgentRequest.AskGuest(header), ONCE);
  }

  private static ComputeException invalid(String why) {
    return new ComputeException(ErrorCode.INVALID_INPUT, why, null);
  }

  private static ComputeException refused(MigrationRecord migration, String why) {
    return new ComputeException(
        ErrorCode.MIGRATION_NOT_RESOLVABLE,
        "Migration %s cannot be resolved: %s.".formatted(migration.id(), why),
        null);
  }
}
