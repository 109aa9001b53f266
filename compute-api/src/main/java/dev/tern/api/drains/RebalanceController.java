package dev.tern.api.drains;

import dev.tern.api.ApiSettings;
import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.JsonBody;
import dev.tern.api.request.Page;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.store.DrainStore.Goal;
import dev.tern.store.DrainStore.NewDrain;
import dev.tern.store.DrainStore.Purpose;
import dev.tern.store.DrainStore.Wishes;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostRecord;
import java.time.Clock;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;

/**
 * {@code /v1/rebalance} and {@code /v1/hosts/{host}/relieve}: a few servers move, so that hosts are
 * loaded more evenly, or one less. Each is a job as a drain is one, and is shown and steered as
 * one.
 */
@RestController
final class RebalanceController {
  private final HostStore hosts;
  private final ApiSettings settings;
  private final AskingDrains asking;
  private final Clock clock;
  private final Supplier<UUID> newIds;

  RebalanceController(
      HostStore hosts,
      ApiSettings settings,
      AskingDrains asking,
      Clock clock,
      Supplier<UUID> newIds) {
    this.hosts = hosts;
    this.settings = settings;
    this.asking = asking;
    this.clock = clock;
    this.newIds = newIds;
  }

  /** The same job when the cluster is being rebalanced already. */
  @PostMapping("/v1/rebalance")
  ResponseEntity<JsonNode> rebalance(JsonBody whole, ApiRequest request)
      throws InterruptedException {
    request.caller().require(Role.ADMIN, "tern:rebalance:create");
    DrainBody body =
        DrainBody.read(whole, Set.of("dry_run", "limits", "hosts", "moves", "imbalance"));
    Wishes wishes = withGoal(body.over(Wishes.NONE, clock.instant()), body.evened());
    for (HostName host : wishes.targets()) {
      HostRecord _ = existing(host.value());
    }
    return asking.ask(
        new NewDrain(
            newIds.get(), fullest(wishes.targets()), Purpose.REBALANCE, wishes, body.dryRun()),
        request);
  }

  /** The same job when the host is being relieved already. */
  @PostMapping("/v1/hosts/{host}/relieve")
  ResponseEntity<JsonNode> relieve(@PathVariable String host, JsonBody whole, ApiRequest request)
      throws InterruptedException {
    request.caller().require(Role.ADMIN, "tern:hosts:relieve");
    DrainBody body = DrainBody.read(whole, Set.of("dry_run", "limits", "targets", "below"));
    HostName name = existing(host).report().host();
    Wishes wishes = withGoal(body.over(Wishes.NONE, clock.instant()), body.relieved());
    for (HostName target : wishes.targets()) {
      if (existing(target.value()).report().host().equals(name)) {
        throw Refusals.invalidField(
            "targets", target, "It is the host that is to be relieved. Name others.");
      }
    }
    return asking.ask(
        new NewDrain(newIds.get(), name, Purpose.RELIEVE, wishes, body.dryRun()), request);
  }

  private static Wishes withGoal(Wishes wishes, Goal goal) {
    return new Wishes(
        wishes.deadline(),
        wishes.limits(),
        wishes.sequence(),
        wishes.given(),
        wishes.onCannotMove(),
        wishes.targets(),
        Optional.of(goal));
  }

  private HostRecord existing(String text) {
    try {
      return hosts
          .find(new HostName(text), settings.serviceDownAfter())
          .orElseThrow(() -> Refusals.noComputeHost(text));
    } catch (IllegalArgumentException e) {
      throw Refusals.noComputeHost(text);
    }
  }

  private HostName fullest(Set<HostName> among) {
    @Nullable HostRecord fullest = null;
    int after = 0;
    while (true) {
      List<HostRecord> page = hosts.list(settings.serviceDownAfter(), after, Page.MAX);
      fullest =
          Stream.concat(Stream.ofNullable(fullest), page.stream())
              .filter(host -> among.isEmpty() || among.contains(host.report().host()))
              .max(Comparator.comparingDouble(RebalanceController::load))
              .orElse(null);
      if (page.size() < Page.MAX) {
        return Optional.ofNullable(fullest)
            .map(host -> host.report().host())
            .orElseThrow(
                () -> new ComputeException(ErrorCode.DRAIN_CONFLICT, "There is no host.", null));
      }
      after = page.getLast().number();
    }
  }

  private static double load(HostRecord host) {
    return (double) host.claimed().memoryMib() / Math.max(1, host.report().memoryMib());
  }
}
