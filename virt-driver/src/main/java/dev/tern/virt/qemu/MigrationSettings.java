package dev.tern.virt.qemu;

import dev.tern.virt.MoveOptions;
import dev.tern.virt.MoveOptions.Compression;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.qmp.Commands;
import dev.tern.virt.qmp.Commands.CapabilityState;
import dev.tern.virt.qmp.Commands.MigrateSetParameters;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Capabilities and parameters of a migration. QEMU keeps them after it has migrated or failed, so
 * each migration sets all of them, on both sides.
 */
final class MigrationSettings {
  private static final Duration DEFAULT_DOWNTIME = Duration.ofMillis(300);
  private static final long UNBOUNDED = 1L << 40;
  private static final int LEAST_CPU_THROTTLE = 1;
  private static final int MOST_CPU_THROTTLE = 99;
  private static final int DEFAULT_CHANNELS = 2;

  private MigrationSettings() {}

  /**
   * The destination takes what the source may choose: it is set up for post-copy wherever its
   * kernel permits, and the source decides whether there will be one.
   *
   * @param credentials see {@link StreamCredentials}; {@code ""} for plaintext
   */
  static void incoming(Session session, MoveOptions options, String credentials)
      throws VirtException {
    Wish wish = new Wish(false, options, options.channels() == 0, false);
    try {
      capabilities(session, wish);
    } catch (VirtException e) {
      if (e.kind() != Kind.REFUSED || !wish.postCopy()) {
        throw e;
      }
      capabilities(session, new Wish(false, options, false, false));
    }
    parameters(session, options, 0, DEFAULT_DOWNTIME, credentials);
  }

  /**
   * Returns whether post-copy is possible.
   *
   * @param credentials see {@link StreamCredentials}; {@code ""} for plaintext
   */
  static boolean outgoing(
      Session session,
      MoveOptions options,
      boolean postCopy,
      boolean autoConverge,
      long bytesPerSecond,
      Duration downtimeLimit,
      String credentials)
      throws VirtException {
    Wish wish = new Wish(true, options, postCopy && options.channels() == 0, autoConverge);
    capabilities(session, wish);
    parameters(session, options, bytesPerSecond, downtimeLimit, credentials);
    return wish.postCopy();
  }

  /** Of a guest that stands, into a file or out of it: as fast as it goes, in one plain stream. */
  static void toFile(Session session) throws VirtException {
    capabilities(session, new Wish(false, MoveOptions.PLAIN, false, false));
    parameters(session, MoveOptions.PLAIN, UNBOUNDED, DEFAULT_DOWNTIME, "");
  }

  private record Wish(
      boolean outgoing, MoveOptions options, boolean postCopy, boolean autoConverge) {}

  private static void capabilities(Session session, Wish wish) throws VirtException {
    Map<String, Boolean> known =
        session.call(new Commands.QueryMigrateCapabilities()).stream()
            .collect(Collectors.toMap(CapabilityState::capability, CapabilityState::state));
    // QEMU takes milliseconds for the whole list, with its main loop held.
    List<CapabilityState> changed =
        Stream.of(
                // Without it QEMU tells nothing, and the guest waits for the next poll.
                new CapabilityState("events", true),
                new CapabilityState("pause-before-switchover", wish.outgoing()),
                new CapabilityState("xbzrle", wish.options().compression() == Compression.XBZRLE),
                new CapabilityState("auto-converge", wish.autoConverge()),
                new CapabilityState("postcopy-ram", wish.postCopy()),
                new CapabilityState("postcopy-preempt", false),
                new CapabilityState("return-path", false),
                new CapabilityState("multifd", wish.options().channels() > 0),
                new CapabilityState("late-block-activate", false),
                new CapabilityState("release-ram", false),
                new CapabilityState("zero-copy-send", false),
                new CapabilityState("background-snapshot", false),
                new CapabilityState("dirty-bitmaps", false),
                new CapabilityState("x-ignore-shared", false),
                new CapabilityState("x-colo", false))
            .filter(c -> known.getOrDefault(c.capability(), c.state()) != c.state())
            .toList();
    if (!changed.isEmpty()) {
      session.call(new Commands.MigrateSetCapabilities(changed));
    }
  }

  private static void parameters(
      Session session,
      MoveOptions options,
      long bytesPerSecond,
      Duration downtimeLimit,
      String credentials)
      throws VirtException {
    session.call(
        new MigrateSetParameters(
            bytesPerSecond,
            bytesPerSecond,
            millis(downtimeLimit),
            // QEMU slows processors down by itself, up to a most that the controller raises.
            LEAST_CPU_THROTTLE,
            MOST_CPU_THROTTLE,
            LEAST_CPU_THROTTLE,
            options.channels() == 0 ? DEFAULT_CHANNELS : options.channels(),
            options.compression() == Compression.ZSTD ? "zstd" : "none",
            credentials,
            "",
            ""));
  }

  /**
   * With credentials that are gone the next migration, in or out, would fail: {@code ""} clears.
   */
  static void encryption(Session session, String credentials) throws VirtException {
    session.call(
        new MigrateSetParameters(
            null, null, null, null, null, null, null, null, credentials, "", ""));
  }

  private static long millis(Duration limit) {
    return Math.max(1, limit.toMillis());
  }

  // ---- what may change while memory moves

  static MigrateSetParameters downtimeLimit(Duration limit) {
    return some(null, millis(limit), null);
  }

  static MigrateSetParameters bandwidth(long bytesPerSecond) {
    return some(bytesPerSecond, null, null);
  }

  static MigrateSetParameters mostCpuThrottle(int percent) {
    return some(null, null, percent);
  }

  private static MigrateSetParameters some(
      @Nullable Long bytesPerSecond, @Nullable Long limitMillis, @Nullable Integer mostThrottle) {
    return new MigrateSetParameters(
        bytesPerSecond,
        bytesPerSecond,
        limitMillis,
        null,
        null,
        mostThrottle,
        null,
        null,
        null,
        null,
        null);
  }
}
