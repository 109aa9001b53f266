package dev.tern.api.hosts;

import dev.tern.contract.ComputeException;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.host.HostAnswer.ProbeEnded;
import dev.tern.contract.host.HostAnswer.ProbeOffered;
import dev.tern.contract.host.HostAnswer.ProbeOpen;
import dev.tern.contract.host.HostAnswer.ProbeRan;
import dev.tern.contract.host.HostQuestion.EndProbe;
import dev.tern.contract.host.HostQuestion.OfferProbe;
import dev.tern.contract.host.HostQuestion.OpenProbe;
import dev.tern.contract.host.HostQuestion.RunProbe;
import java.time.Duration;
import java.util.UUID;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * Whether guests could move between two hosts, found by moving an empty one: same key agreement,
 * same ports, same streams. What fails here would fail in the middle of the night.
 */
@Component
final class Reachability {
  private static final Logger log = LoggerFactory.getLogger(Reachability.class);
  private static final Duration STEP = Duration.ofSeconds(20);

  private final HostVoice hosts;
  private final Supplier<UUID> newIds;

  Reachability(HostVoice hosts, Supplier<UUID> newIds) {
    this.hosts = hosts;
    this.newIds = newIds;
  }

  /** One way: from a host to another. */
  sealed interface Way {
    /** Both streams work. */
    record Open(ProbeRan ran) implements Way {}

    /** They do not, and why. */
    record Closed(Failure failure) implements Way {}
  }

  Way from(HostName source, HostName destination) {
    UUID probe = newIds.get();
    try {
      ProbeOffered offered = hosts.say(source, new OfferProbe(probe), ProbeOffered.class, STEP);
      ProbeOpen open =
          hosts.say(
              destination,
              new OpenProbe(probe, offered.recipe(), offered.publicKey()),
              ProbeOpen.class,
              STEP);
      return new Way.Open(hosts.say(source, new RunProbe(probe, open), ProbeRan.class, STEP));
    } catch (ComputeException e) {
      return new Way.Closed(new Failure(e.code(), e.explanation()));
    } finally {
      end(source, probe);
      end(destination, probe);
    }
  }

  private void end(HostName host, UUID probe) {
    try {
      hosts.say(host, new EndProbe(probe), ProbeEnded.class, STEP);
    } catch (ComputeException e) {
      log.atInfo()
          .addKeyValue("host", host)
          .setCause(e)
          .log("a probe was not ended; it ends by itself");
    }
  }
}
