package dev.tern.api.migrations;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.Json;
import dev.tern.api.request.JsonBody;
import dev.tern.contract.ComputeException;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.Compression;
import dev.tern.contract.move.PolicyParts;
import dev.tern.contract.move.StreamParts;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code policy} and {@code streams} of a migration, as clients write and read them. */
final class PolicyBody {
  private static final String PAUSE = "max_pause_millis";
  private static final String BANDWIDTH = "max_bandwidth";
  private static final String DEADLINE = "deadline_seconds";
  private static final String AT_DEADLINE = "at_deadline";
  private static final String POST_COPY = "post_copy_allowed";
  private static final String AUTO_CONVERGE = "auto_converge";
  private static final String CHANNELS = "channels";
  private static final String COMPRESSION = "compression";
  private static final String BLOCK_WRITES = "block_writes";

  private static final long LONGEST_PAUSE = 2_000_000;
  private static final long LONGEST_DEADLINE = Duration.ofDays(7).toSeconds();
  private static final long LEAST_BANDWIDTH = 64 << 10;
  private static final long MOST_BANDWIDTH = 1L << 50;
  private static final int MOST_CHANNELS = 255;

  private PolicyBody() {}

  /** What a body wishes; nothing when it has no such field. */
  static PolicyParts policy(JsonBody body, String field) {
    if (!body.has(field)) {
      return PolicyParts.NONE;
    }
    JsonBody policy = body.object(field);
    policy.refuseOthers(Set.of(PAUSE, BANDWIDTH, DEADLINE, AT_DEADLINE, POST_COPY, AUTO_CONVERGE));
    return new PolicyParts(
        number(policy, PAUSE, 1, LONGEST_PAUSE, "Name the longest pause in milliseconds.")
            .map(Duration::ofMillis),
        bandwidth(policy),
        number(
                policy,
                DEADLINE,
                1,
                LONGEST_DEADLINE,
                "Name how long data may move, in seconds; a deadline in the past cannot be kept.")
            .map(Duration::ofSeconds),
        word(policy, AT_DEADLINE, AtDeadline.values(), AtDeadline::wire),
        flag(policy, POST_COPY),
        flag(policy, AUTO_CONVERGE));
  }

  /** JSON's null lifts the limit. */
  private static Optional<Long> bandwidth(JsonBody policy) {
    if (policy.has(BANDWIDTH) && !policy.given(BANDWIDTH)) {
      return Optional.of(0L);
    }
    return number(
        policy,
        BANDWIDTH,
        LEAST_BANDWIDTH,
        MOST_BANDWIDTH,
        "Name bytes per second for disks and memory together, or null for no limit.");
  }

  private static Optional<Long> number(
      JsonBody body, String field, long least, long most, String remedy) {
    if (!body.has(field)) {
      return Optional.empty();
    }
    JsonNode value = body.required(field);
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw body.wrongType(field, "integer");
    }
    long number = value.longValue();
    if (number < least || number > most) {
      throw body.invalid(field, "It is not between %d and %d. %s".formatted(least, most, remedy));
    }
    return Optional.of(number);
  }

  private static Optional<Boolean> flag(JsonBody body, String field) {
    return body.has(field) ? Optional.of(body.flag(field)) : Optional.empty();
  }

  private static <E extends Enum<E>> Optional<E> word(
      JsonBody body, String field, E[] all, Function<E, String> wire) {
    if (!body.has(field)) {
      return Optional.empty();
    }
    String text = body.text(field, 1, 32);
    return Optional.of(
        Arrays.stream(all)
            .filter(e -> wire.apply(e).equals(text))
            .findFirst()
            .orElseThrow(() ->
                body.invalid(
                    field,
                    "It is none of %s."
                        .formatted(
                            Arrays.stream(all).map(wire).collect(Collectors.joining(", "))))));
  }

  /** What a body wishes; nothing when it has no such field. */
  static StreamParts streams(JsonBody body, String field) {
    if (!body.has(field)) {
      return StreamParts.NONE;
    }
    JsonBody streams = body.object(field);
    streams.refuseOthers(Set.of(CHANNELS, COMPRESSION, BLOCK_WRITES));
    Optional<Integer> channels =
        streams.has(CHANNELS)
            ? Optional.of(streams.integer(CHANNELS, 0, MOST_CHANNELS))
            : Optional.empty();
    Optional<Compression> compression =
        word(streams, COMPRESSION, Compression.values(), Compression::wire);
    int count = channels.orElse(0);
    if (compression.equals(Optional.of(Compression.ZSTD)) && count == 0) {
      throw streams.invalid(COMPRESSION, "zstd needs channels. Name at least 1, or use xbzrle.");
    }
    if (compression.equals(Optional.of(Compression.XBZRLE)) && count > 0) {
      throw streams.invalid(
          COMPRESSION, "xbzrle is for a single stream. Name 0 channels, or use zstd.");
    }
    return new StreamParts(channels, compression, flag(streams, BLOCK_WRITES));
  }

  /**
   * Holds when a policy can be kept.
   *
   * @param passed since data began to move
   */
  static void check(PolicyParts policy, StreamParts streams, Optional<Duration> passed) {
    boolean postCopy = policy.postCopyAllowed().orElse(false);
    if (policy.atDeadline().equals(Optional.of(AtDeadline.POST_COPY)) && !postCopy) {
      throw impossible(
          AT_DEADLINE,
          AtDeadline.POST_COPY.wire(),
          "It needs %s. Allow post-copy, or choose abort or force.".formatted(POST_COPY));
    }
    if (postCopy && streams.channels().orElse(0) > 0) {
      throw impossible(
          POST_COPY, true, "Memory over channels cannot end in post-copy. Name 0 channels.");
    }
    if (policy.deadline().isPresent()
        && passed.isPresent()
        && policy.deadline().get().compareTo(passed.get()) <= 0) {
      throw impossible(
          DEADLINE,
          policy.deadline().get().toSeconds(),
          "It is in the past: data has moved for %d s. Name more, or abort the migration."
              .formatted(passed.get().toSeconds()));
    }
  }

  private static ComputeException impossible(String field, Object value, String reason) {
    return Refusals.invalidField(field, value, reason);
  }

  /** As asked for: null is as the source host and the installation say. */
  static ObjectNode view(PolicyParts policy) {
    ObjectNode view = Json.object();
    view.put(PAUSE, policy.maxPause().map(Duration::toMillis).orElse(null));
    view.put(BANDWIDTH, policy.bytesPerSecond().orElse(null));
    view.put(DEADLINE, policy.deadline().map(Duration::toSeconds).orElse(null));
    view.put(AT_DEADLINE, policy.atDeadline().map(AtDeadline::wire).orElse(null));
    view.put(POST_COPY, policy.postCopyAllowed().orElse(null));
    view.put(AUTO_CONVERGE, policy.autoConverge().orElse(null));
    return view;
  }

  static ObjectNode view(StreamParts streams) {
    ObjectNode view = Json.object();
    view.put(CHANNELS, streams.channels().orElse(null));
    view.put(COMPRESSION, streams.compression().map(Compression::wire).orElse(null));
    view.put(BLOCK_WRITES, streams.blockWrites().orElse(null));
    return view;
  }
}
