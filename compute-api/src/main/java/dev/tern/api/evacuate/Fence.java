package dev.tern.api.evacuate;

import dev.tern.api.ApiSettings;
import dev.tern.api.disks.Agents;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest.AskGuest;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostRecord;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import org.springframework.stereotype.Component;

/**
 * Whether a host is fenced: an operator has said that it is down ({@code forced_down}), and it does
 * not say otherwise.
 */
@Component
final class Fence {
  private static final Duration ONCE = Duration.ofSeconds(3);

  private final HostStore hosts;
  private final Agents agents;
  private final ApiSettings settings;
  private final Clock clock;

  Fence(HostStore hosts, Agents agents, ApiSettings settings, Clock clock) {
    this.hosts = hosts;
    this.agents = agents;
    this.settings = settings;
    this.clock = clock;
  }

  /** The host of that name, if there is one. */
  Optional<HostRecord> find(String name) {
    try {
      return hosts.find(new HostName(name), settings.serviceDownAfter());
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /**
   * Holds when the host is fenced. Who reported a moment ago is asked, by any server of it.
   *
   * @throws ComputeException {@code HOST_NOT_FENCED} otherwise; {@code BROKER_NO_ANSWER} when it
   *     cannot be asked
   */
  void require(HostName host, ServerId server, long epoch, RequestId request)
      throws InterruptedException {
    HostRecord found =
        hosts.find(host, settings.serviceDownAfter()).orElseThrow(() -> inUse(host, ""));
    if (!found.forcedDown()) {
      throw inUse(
          host,
          found.up()
              ? ""
              : " It does not answer, but may run its servers all the same: make certain that it does not, and force its service down to say so.");
    }
    if (found.lastSeen().isBefore(clock.instant().minus(settings.serviceDownAfter()))) {
      return;
    }
    Header header = new Header(request, server, epoch, Optional.empty());
    switch (agents.ask(host, new AskGuest(header), ONCE)) {
      case Asked.Answered<AgentAnswer> _ -> throw inUse(host, " It is forced down, and answers.");
      case Asked.NoAnswer(String why, Asked.Cause cause) -> {
        switch (cause) {
          case SILENT -> {}
          case NOT_UNDERSTOOD -> throw inUse(host, " It is forced down, and there.");
          case NO_BROKER ->
              throw new ComputeException(
                  ErrorCode.BROKER_NO_ANSWER,
                  "Nobody can be asked whether host %s is down (%s); try again later."
                      .formatted(host, why),
                  null);
        }
      }
    }
  }

  private static ComputeException inUse(HostName host, String more) {
    return new ComputeException(
        ErrorCode.HOST_NOT_FENCED,
        "Compute service of %s is still in use.%s".formatted(host, more),
        null);
  }

  /** A server that no host has, to ask by when a host has none. */
  static ServerId nobody() {
    return new ServerId(new UUID(0, 0));
  }
}
