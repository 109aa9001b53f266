package dev.tern.conductor.migration;

import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.Compression;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.PolicyParts;
import dev.tern.contract.move.StreamParts;
import dev.tern.contract.move.Streams;
import dev.tern.store.MigrationStore.Wishes;
import java.time.Duration;
import java.util.Optional;

/** A migration's policy, put together: the request's wishes over the host's over the settings. */
final class Policy {
  private static final long GIB = 1L << 30;

  /** Agents take no longer deadline. */
  private static final Duration LONGEST = Duration.ofDays(7);

  private final MigrationSettings settings;
  private final SourceFacts guest;

  Policy(MigrationSettings settings, SourceFacts guest) {
    this.settings = settings;
    this.guest = guest;
  }

  Move move(Wishes wishes) {
    return new Move(of(wishes), streams(settings, wishes.streams()));
  }

  MovePolicy of(Wishes wishes) {
    PolicyParts parts = wishes.policy().over(guest.policy().orElse(PolicyParts.NONE));
    boolean postCopy = parts.postCopyAllowed().orElse(settings.postCopyAllowed());
    AtDeadline atDeadline = parts.atDeadline().orElse(settings.atDeadline());
    return new MovePolicy(
        wishes.revision(),
        parts.maxPause().orElse(settings.maxPause()),
        least(parts.bytesPerSecond().orElse(settings.bytesPerSecond()), wishes.share()),
        parts.deadline().orElseGet(this::usualDeadline),
        // Who forbids post-copy above those who wish it at the deadline has the last word.
        atDeadline == AtDeadline.POST_COPY && !postCopy ? AtDeadline.ABORT : atDeadline,
        postCopy,
        parts.autoConverge().orElse(settings.autoConverge()));
  }

  /** What is wished, but no more than its share; 0 is no limit. */
  static long least(long wished, Optional<Long> share) {
    return share.map(most -> wished == 0 ? most : Math.min(wished, most)).orElse(wished);
  }

  static Streams streams(MigrationSettings settings, StreamParts parts) {
    int channels = parts.channels().orElse(settings.channels());
    Compression compression = parts.compression().orElse(settings.compression());
    boolean fits =
        switch (compression) {
          case NONE -> true;
          case XBZRLE -> channels == 0;
          case ZSTD -> channels > 0;
        };
    return new Streams(
        channels,
        // The installation's compression gives way to the channels that a request wishes.
        fits ? compression : Compression.NONE,
        parts.blockWrites().orElse(false));
  }

  private Duration usualDeadline() {
    long bytes =
        (guest.memoryMib() << 20) + guest.disks().stream().mapToLong(DiskFacts::virtualBytes).sum();
    long gib = Math.max(2, Math.ceilDiv(bytes, GIB));
    Duration deadline = settings.deadlinePerGib().multipliedBy(gib);
    return deadline.compareTo(LONGEST) > 0 ? LONGEST : deadline;
  }
}
