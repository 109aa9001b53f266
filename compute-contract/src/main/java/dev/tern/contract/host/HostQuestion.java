package dev.tern.contract.host;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * A question about a host itself, not about one of its servers. Each is answered within seconds by
 * a {@link HostAnswer}; none changes a server.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "type")
public sealed interface HostQuestion {

  /** Which disks the host's QEMUs export now (S29). Answer: {@link HostAnswer.Exports}. */
  record ListExports() implements HostQuestion {}

  /**
   * Which ports are for arriving guests, and who has them (S91). Answer: {@link HostAnswer.Ports}.
   */
  record ListPorts() implements HostQuestion {}

  /**
   * First half of a probe from this host to another: its public key for the streams. Asked again it
   * answers the same. Answer: {@link HostAnswer.ProbeOffered}.
   */
  record OfferProbe(UUID probe) implements HostQuestion {}

  /**
   * Waits here for the probe of a host, as for an arriving guest: with a QEMU that never runs, an
   * export and a listener from the range. It goes by itself when nobody ends it within a minute.
   * Answer: {@link HostAnswer.ProbeOpen}.
   *
   * @param recipe of the guest that is to arrive, as {@link HostAnswer.ProbeOffered} has it
   * @param peerKey the other host's half of the key; empty only where streams are plaintext
   */
  record OpenProbe(UUID probe, String recipe, Optional<String> peerKey) implements HostQuestion {}

  /**
   * Moves an empty guest with an empty disk to where the other host waits, by the same means as any
   * guest. Answer: {@link HostAnswer.ProbeRan}.
   */
  record RunProbe(UUID probe, HostAnswer.ProbeOpen target) implements HostQuestion {}

  /**
   * What this host made for a migration, and what became of it; looks at what is there now. Answer:
   * {@link HostAnswer.Receipt}, an empty one when this host knows of nothing.
   *
   * @param end how the migration has ended; then nothing more is made for it here, and what is left
   *     of it is taken back, unless the guest lives there or may. Empty while it is under way, and
   *     when the asker does not know
   */
  record TellReceipt(MigrationId migration, Optional<MigrationEnd> end) implements HostQuestion {
    @JsonCreator
    public TellReceipt {}

    /** Says nothing of an end. */
    public TellReceipt(MigrationId migration) {
      this(migration, Optional.empty());
    }
  }

  /**
   * The receipt stands in the database. The host forgets its own, unless anything in it is open.
   * Answer: {@link HostAnswer.Receipt}, as it was.
   */
  record ForgetReceipt(MigrationId migration) implements HostQuestion {}

  /**
   * What is on this host now, to be compared with what should be. It looks, and removes nothing.
   * Answer: {@link HostAnswer.Stock}; refused when it cannot be seen, and then nothing is said.
   */
  record TakeStock() implements HostQuestion {}

  /**
   * Whether a guest could come here now: the check that its migration would make, without its probe
   * file. Makes nothing and reserves nothing. Answer: {@link HostAnswer.ArrivalChecked}; refused as
   * the check would refuse.
   *
   * @param source the guest, as its host describes it
   */
  record CheckArrival(Header header, SourceFacts source, boolean diskOverCommit)
      implements HostQuestion {}

  /**
   * How much the guests of these servers write, all watched at once and for so long; at most a
   * minute, in whole seconds. Answer: {@link HostAnswer.WritesWatched}.
   *
   * @param notOlderThan of a guest that was watched no longer ago, that is told again; empty to
   *     have all of them watched now
   */
  record WatchWrites(List<ServerId> servers, Duration over, Optional<Duration> notOlderThan)
      implements HostQuestion {
    @JsonCreator
    public WatchWrites {
      servers = List.copyOf(servers);
    }

    /** Has them watched now. */
    public WatchWrites(List<ServerId> servers, Duration over) {
      this(servers, over, Optional.empty());
    }
  }

  /** Removes whatever is left of a probe here. Answer: {@link HostAnswer.ProbeEnded}. */
  record EndProbe(UUID probe) implements HostQuestion {}
}
