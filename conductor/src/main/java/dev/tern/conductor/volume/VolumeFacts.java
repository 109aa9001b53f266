package dev.tern.conductor.volume;

import dev.tern.conductor.saga.SagaFacts;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import java.util.Optional;

/**
 * What an operation on a volume knows.
 *
 * @param host where its server is
 * @param bytes its size, once the host has it
 */
public record VolumeFacts(HostName host, Optional<Long> bytes, Optional<Failure> failure)
    implements SagaFacts<VolumeFacts> {
  /** At the beginning. */
  public static VolumeFacts at(HostName host) {
    return new VolumeFacts(host, Optional.empty(), Optional.empty());
  }

  VolumeFacts there(long size) {
    return new VolumeFacts(host, Optional.of(size), failure);
  }

  @Override
  public VolumeFacts failedWith(Failure why) {
    return failure.isPresent() ? this : new VolumeFacts(host, bytes, Optional.of(why));
  }
}
