package dev.tern.standalone.demo;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One line of the test guest's console, as {@code guest/README.md} describes it. */
public sealed interface GuestLine {
  Pattern HEARTBEAT = Pattern.compile("H (\\d{1,18}) (\\d{1,18}) ([0-9a-f]{8})");
  Pattern ACKNOWLEDGED = Pattern.compile("A (\\d{1,18}) (\\d{1,18}) ([0-9a-f]{8})");
  Pattern MEMORY = Pattern.compile("M (\\d{1,18}) (\\d{1,18}) (\\d{1,18})");

  Pattern TROUBLE =
      Pattern.compile("R (EIO|CORRUPT|LOST|BADMEM|BADOPTION|MODULE|NOMEM|THREAD)\\b.*");

  /**
   * A sign of life.
   *
   * @param number rises by one
   * @param bootId of the running kernel: another one is a reboot
   */
  record Heartbeat(long number, long monotonicNanos, String bootId) implements GuestLine {}

  /**
   * Block {@code block} of the disk holds write {@code sequence}, and was flushed before this was
   * said.
   */
  record Acknowledged(long sequence, long block) implements GuestLine {}

  /** The guest compared its memory with what it had stored there; figures since its boot. */
  record MemoryChecked(long round, long pages, long bad) implements GuestLine {}

  /** The guest could not write or flush, or read back something else than it wrote. */
  record Trouble(String text) implements GuestLine {}

  /** Kernel messages, and whatever else. */
  record Other() implements GuestLine {}

  static GuestLine parse(String line) {
    Matcher beat = HEARTBEAT.matcher(line);
    if (beat.matches()) {
      return new Heartbeat(
          Long.parseLong(beat.group(1)), Long.parseLong(beat.group(2)), beat.group(3));
    }
    Matcher ack = ACKNOWLEDGED.matcher(line);
    if (ack.matches()) {
      return new Acknowledged(Long.parseLong(ack.group(1)), Long.parseLong(ack.group(2)));
    }
    Matcher memory = MEMORY.matcher(line);
    if (memory.matches()) {
      return new MemoryChecked(
          Long.parseLong(memory.group(1)),
          Long.parseLong(memory.group(2)),
          Long.parseLong(memory.group(3)));
    }
    return TROUBLE.matcher(line).matches() ? new Trouble(line) : new Other();
  }
}
