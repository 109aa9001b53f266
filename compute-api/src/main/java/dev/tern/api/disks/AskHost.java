package dev.tern.api.disks;

import dev.tern.api.request.ApiRequest;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.Pause;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** Asks the host of a server, while a client waits. */
@Component
public final class AskHost {
  private static final Duration ONCE = Duration.ofSeconds(3);
  private static final Duration AGAIN = Duration.ofMillis(200);

  /** Below what clients and proxies usually wait. */
  static final Duration LONGEST = Duration.ofSeconds(20);

  private final Agents agents;
  private final Pause pause;
  private final Clock clock;

  AskHost(Agents agents, Pause pause, Clock clock) {
    this.agents = agents;
    this.pause = pause;
    this.clock = clock;
  }

  /** For a question that is no part of a migration and changes nothing. */
  public static Header header(ServerRecord server, ApiRequest request) {
    return new Header(request.id(), server.id(), server.epoch(), Optional.empty());
  }

  /**
   * The answer; empty when the agent is still at it after {@link #LONGEST}.
   *
   * @throws ComputeException as the agent refuses, or {@code AGENT_NO_ANSWER}
   */
  public <R extends AgentResult> Optional<R> ask(
      ServerRecord server, AgentRequest question, Class<R> result) throws InterruptedException {
    HostName host =
        server
            .host()
            .orElseThrow(() ->
                new ComputeException(
                    ErrorCode.INSTANCE_INVALID_STATE,
                    "Instance %s has no host yet.".formatted(server.id()),
                    null));
    Instant until = clock.instant().plus(LONGEST);
    while (true) {
      switch (agents.ask(host, question, ONCE)) {
        case Asked.Answered(AgentAnswer.Done(AgentResult said)) -> {
          if (!result.isInstance(said)) {
            throw new IllegalStateException("asked for %s, got %s".formatted(result, said));
          }
          return Optional.of(result.cast(said));
        }
        case Asked.Answered(AgentAnswer.Refused(Failure why)) ->
            throw new ComputeException(why.code(), why.message(), null);
        case Asked.Answered(AgentAnswer.Working _) -> {
          if (clock.instant().isAfter(until)) {
            return Optional.empty();
          }
        }
        case Asked.NoAnswer(String reason, _) ->
            throw new ComputeException(
                ErrorCode.AGENT_NO_ANSWER,
                "The host of instance %s does not answer; try again later.".formatted(server.id()),
                new IllegalStateException(reason));
      }
      pause.of(AGAIN);
    }
  }
}
