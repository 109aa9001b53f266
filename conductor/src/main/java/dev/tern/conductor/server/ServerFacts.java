package dev.tern.conductor.server;

import dev.tern.conductor.saga.SagaFacts;
import dev.tern.contract.ClaimId;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import java.util.Optional;

/**
 * What an operation on a server knows.
 *
 * @param host where it is, or is to be
 * @param claim of its share there, when this operation made it
 * @param found how its guest is, as its host told when it was asked to change that
 */
public record ServerFacts(
    Optional<HostName> host,
    Optional<ClaimId> claim,
    Optional<Runner> found,
    Optional<Failure> failure)
    implements SagaFacts<ServerFacts> {
  /** At the beginning. */
  public static ServerFacts at(Optional<HostName> host) {
    return new ServerFacts(host, Optional.empty(), Optional.empty(), Optional.empty());
  }

  HostName place() {
    return host.orElseThrow(() -> new IllegalStateException("the server has no host yet"));
  }

  ServerFacts placed(HostName chosen, ClaimId share) {
    return new ServerFacts(Optional.of(chosen), Optional.of(share), found, failure);
  }

  ServerFacts found(Runner runner) {
    return new ServerFacts(host, claim, Optional.of(runner), failure);
  }

  @Override
  public ServerFacts failedWith(Failure why) {
    return failure.isPresent() ? this : new ServerFacts(host, claim, found, Optional.of(why));
  }
}
