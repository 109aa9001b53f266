package dev.tern.api.fakes;

import dev.tern.contract.HostName;
import dev.tern.contract.ImageId;
import dev.tern.contract.host.HostReport;
import dev.tern.store.FlavorStore.FlavorRecord;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What tests of the API begin with, in round figures. */
public final class Samples {
  public static final Instant NOON = Instant.parse("2026-08-01T12:00:00Z");
  public static final FlavorRecord TINY =
      new FlavorRecord(
          "tiny", "tiny", 1, 128, 1, 0, 0, true, Map.of("hw:tern", "1"), Optional.of("a tiny one"));

  /** Of those projects only that are let in. */
  public static final FlavorRecord OWN =
      new FlavorRecord("own", "own", 2, 256, 2, 0, 0, false, Map.of(), Optional.empty());

  public static final ImageId IMAGE = ImageId.parse("11111111-1111-4111-8111-111111111111");

  private Samples() {}

  static HostReport report(HostName host) {
    return new HostReport(
        host,
        1L,
        1L,
        "QEMU",
        7_002_019,
        "7.2.19",
        "tcg",
        "no kvm",
        List.of("pc-q35-7.2"),
        List.of("qemu64"),
        List.of(),
        4,
        8192,
        6000,
        100L << 30,
        60L << 30,
        "127.0.0.1",
        "17:37:14 up  2:33,  0 users,  load average: 0.33, 0.36, 0.34",
        false,
        Map.of());
  }
}
