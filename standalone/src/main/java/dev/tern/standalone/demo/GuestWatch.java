package dev.tern.standalone.demo;

import dev.tern.standalone.demo.GuestLine.Acknowledged;
import dev.tern.standalone.demo.GuestLine.Heartbeat;
import dev.tern.standalone.demo.GuestLine.MemoryChecked;
import dev.tern.standalone.demo.GuestLine.Other;
import dev.tern.standalone.demo.GuestLine.Trouble;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an outsider learns of a guest from its consoles on all hosts. All state is guarded by this
 * object's lock: one thread tells, others ask.
 */
public final class GuestWatch {
  private record Beat(long absentNanos, long seenNanos, String host, Heartbeat heartbeat) {}

  private final Map<Long, Long> acknowledged = new HashMap<>();
  private final Map<String, Map<Long, Long>> acknowledgedOn = new HashMap<>();
  private final Set<String> bootIds = new LinkedHashSet<>();
  private final List<String> troubles = new ArrayList<>();
  private @Nullable Beat last;
  private Duration switchGap = Duration.ZERO;
  private int switches;
  private long beats;
  private long beatsBackwards;
  private long acknowledgements;
  private long memoryChecks;
  private long memoryChecksSinceSwitch;
  private long badPages;

  /**
   * What was seen so far.
   *
   * @param switchGap the guest's silence when its voice changed hosts, at its longest: from the
   *     last look that did not show the last beat yet to the first that showed the next. It is
   *     never shorter than the pause, however late this machine let the looks be.
   */
  public record Sight(
      long beats,
      long beatsBackwards,
      long acknowledgements,
      int bootIds,
      int switches,
      Duration switchGap,
      long memoryChecks,
      long memoryChecksSinceSwitch,
      long badPages,
      List<String> troubles,
      Optional<String> lastHost) {}

  /**
   * A line that host's console got between two moments of {@link System#nanoTime}: it was not there
   * at {@code absentNanos}, and had been read at {@code seenNanos}.
   */
  public synchronized void saw(long absentNanos, long seenNanos, String host, GuestLine line) {
    switch (line) {
      case Heartbeat heartbeat -> beat(new Beat(absentNanos, seenNanos, host, heartbeat));
      case Acknowledged ack -> acknowledge(host, ack);
      case MemoryChecked memory -> {
        memoryChecks++;
        memoryChecksSinceSwitch++;
        badPages = Math.max(badPages, memory.bad());
      }
      case Trouble trouble -> troubles.add(trouble.text());
      case Other other -> {}
    }
  }

  private void beat(Beat beat) {
    beats++;
    bootIds.add(beat.heartbeat().bootId());
    Beat before = last;
    if (before != null) {
      if (beat.heartbeat().number() <= before.heartbeat().number()) {
        beatsBackwards++;
      }
      if (!beat.host().equals(before.host())) {
        switches++;
        memoryChecksSinceSwitch = 0;
        switchGap = Duration.ofNanos(beat.seenNanos() - before.absentNanos());
      }
    }
    last = beat;
  }

  private void acknowledge(String host, Acknowledged ack) {
    acknowledgements++;
    acknowledged.merge(ack.block(), ack.sequence(), Math::max);
    acknowledgedOn
        .computeIfAbsent(host, h -> new HashMap<>())
        .merge(ack.block(), ack.sequence(), Math::max);
  }

  public synchronized Sight sight() {
    return new Sight(
        beats,
        beatsBackwards,
        acknowledgements,
        bootIds.size(),
        switches,
        switchGap,
        memoryChecks,
        memoryChecksSinceSwitch,
        badPages,
        List.copyOf(troubles),
        Optional.ofNullable(last).map(Beat::host));
  }

  /** The highest acknowledged write of each block. */
  public synchronized Map<Long, Long> acknowledged() {
    return Map.copyOf(acknowledged);
  }

  /** The same, of what was acknowledged while the guest ran on that host. */
  public synchronized Map<Long, Long> acknowledgedOn(String host) {
    return Map.copyOf(acknowledgedOn.getOrDefault(host, Map.of()));
  }
}
