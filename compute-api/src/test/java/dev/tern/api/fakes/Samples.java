package dev.tern.api.fakes;

import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ImageId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.Phase;
import dev.tern.contract.PowerState;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.contract.host.HostReport;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.ImageStore.ImageStatus;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.MigrationStore.Wishes;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Records as the database would hold them, with round figures. */
public final class Samples {
  public static final Instant NOON = Instant.parse("2026-08-01T12:00:00Z");
  public static final FlavorRecord TINY =
      new FlavorRecord(
          "tern.tiny",
          "tern.tiny",
          1,
          128,
          1,
          0,
          0,
          true,
          Map.of("hw:tern", "1"),
          Optional.empty());
  public static final FlavorRecord SMALL =
      new FlavorRecord(
          "2", "m1.small", 1, 2048, 20, 0, 0, true, Map.of(), Optional.of("the small one"));
  public static final ImageId IMAGE = ImageId.parse("11111111-1111-4111-8111-111111111111");

  private Samples() {}

  /** The bytes of an active image. */
  record Content(long bytes, long virtualBytes, String sha256, String md5) {}

  public static ImageRecord image(ImageId id, String format, Map<String, String> properties) {
    return new ImageRecord(
        id,
        "image",
        "admin",
        format,
        "bare",
        "public",
        ImageStatus.ACTIVE,
        0,
        0,
        false,
        properties,
        Optional.of(65536L),
        Optional.of(1L << 20),
        Optional.of("aa"),
        Optional.of("bb"),
        NOON,
        NOON);
  }

  static ImageRecord with(ImageRecord i, ImageStatus status, @Nullable Content content) {
    Optional<Content> c = Optional.ofNullable(content);
    return new ImageRecord(
        i.id(),
        i.name(),
        i.owner(),
        i.diskFormat(),
        i.containerFormat(),
        i.visibility(),
        status,
        i.minDiskGib(),
        i.minRamMib(),
        i.isProtected(),
        i.properties(),
        c.map(Content::bytes),
        c.map(Content::virtualBytes),
        c.map(Content::sha256),
        c.map(Content::md5),
        i.createdAt(),
        i.updatedAt());
  }

  public static HostRecord host(int number, String name) {
    return new HostRecord(
        number,
        new UUID(0x1000L, number),
        new UUID(0x2000L, number),
        new HostReport(
            new HostName(name),
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
            Map.of()),
        true,
        NOON,
        false,
        Optional.empty(),
        false,
        new Resources(1, 128, 1L << 30),
        1,
        0);
  }

  public static HostRecord down(HostRecord h) {
    return new HostRecord(
        h.number(),
        h.uuid(),
        h.serviceUuid(),
        h.report(),
        false,
        h.lastSeen(),
        h.disabled(),
        h.disabledReason(),
        h.forcedDown(),
        h.claimed(),
        h.runningServers(),
        h.activeMigrations());
  }

  /** A server that runs on a host. */
  public static ServerRecord active(ServerId id, String project, String host) {
    return new ServerRecord(
        id,
        "web",
        "web",
        "demo",
        project,
        TINY,
        IMAGE,
        Map.of("role", "web"),
        Optional.of("a server"),
        Optional.empty(),
        Optional.empty(),
        true,
        VmState.ACTIVE,
        Optional.empty(),
        PowerState.RUNNING,
        3,
        Optional.of(new HostName(host)),
        Optional.empty(),
        0,
        Optional.empty(),
        NOON,
        NOON.plusSeconds(5),
        Optional.of(NOON.plusSeconds(4)),
        Optional.empty());
  }

  public static ServerRecord with(
      ServerRecord s, VmState vmState, Optional<TaskState> task, long epoch, Instant now) {
    return new ServerRecord(
        s.id(),
        s.name(),
        s.hostname(),
        s.user(),
        s.project(),
        s.flavor(),
        s.image(),
        s.metadata(),
        s.description(),
        s.availabilityZone(),
        s.requestedHost(),
        s.network(),
        vmState,
        task,
        s.power(),
        epoch,
        s.host(),
        s.claim(),
        s.progress(),
        s.fault(),
        s.createdAt(),
        now,
        s.launchedAt(),
        s.terminatedAt());
  }

  static MigrationRecord aborting(MigrationRecord m) {
    return change(m, m.status(), m.checked(), true, m.destination(), m.failure());
  }

  public static MigrationRecord running(MigrationRecord m, String destination) {
    return change(
        m,
        MigrationStatus.RUNNING,
        true,
        false,
        Optional.of(new HostName(destination)),
        Optional.empty());
  }

  public static MigrationRecord ended(
      MigrationRecord m, MigrationStatus status, Optional<Failure> failure) {
    return change(m, status, m.checked(), m.abortRequested(), m.destination(), failure);
  }

  private static MigrationRecord change(
      MigrationRecord m,
      MigrationStatus status,
      boolean checked,
      boolean abort,
      Optional<HostName> destination,
      Optional<Failure> failure) {
    return change(m, status, checked, abort, destination, failure, m.wishes());
  }

  /** With this policy, as asked for. */
  static MigrationRecord wishing(MigrationRecord m, Wishes wishes) {
    return change(
        m, m.status(), m.checked(), m.abortRequested(), m.destination(), m.failure(), wishes);
  }

  private static MigrationRecord change(
      MigrationRecord m,
      MigrationStatus status,
      boolean checked,
      boolean abort,
      Optional<HostName> destination,
      Optional<Failure> failure,
      Wishes wishes) {
    return new MigrationRecord(
        m.number(),
        m.id(),
        m.server(),
        m.saga(),
        status,
        Phase.PERFORM,
        checked,
        abort,
        false,
        m.source(),
        m.requestedHost(),
        destination,
        m.destinationClaim(),
        m.blockMigration(),
        m.diskOverCommit(),
        m.epoch(),
        m.user(),
        m.project(),
        128L << 20,
        100L << 20,
        28L << 20,
        1L << 30,
        1L << 29,
        1L << 29,
        Optional.empty(),
        m.figures(),
        wishes,
        failure,
        m.createdAt(),
        m.updatedAt(),
        Optional.empty());
  }
}
