package dev.tern.conductor.disk;

import dev.tern.conductor.saga.SagaFacts;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentRequest.CopyEnd;
import java.util.Optional;

/**
 * What an operation on a disk knows.
 *
 * @param host where the server is
 * @param end how the copy is to end; it is not asked again
 * @param layer digest of what a snapshot froze
 */
public record DiskFacts(
    HostName host, Optional<CopyEnd> end, Optional<String> layer, Optional<Failure> failure)
    implements SagaFacts<DiskFacts> {
  /** At the beginning. */
  public static DiskFacts at(HostName host) {
    return new DiskFacts(host, Optional.empty(), Optional.empty(), Optional.empty());
  }

  DiskFacts decided(CopyEnd how) {
    return new DiskFacts(host, Optional.of(how), layer, failure);
  }

  DiskFacts froze(String sha256) {
    return new DiskFacts(host, end, Optional.of(sha256), failure);
  }

  CopyEnd wanted() {
    return end.orElseThrow(() -> new IllegalStateException("nobody decided how the copy ends"));
  }

  @Override
  public DiskFacts failedWith(Failure why) {
    return failure.isPresent() ? this : new DiskFacts(host, end, layer, Optional.of(why));
  }
}
