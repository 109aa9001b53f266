package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static dev.tern.agent.TwoHosts.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.AwaitArrival;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CheckDestination;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.HandOver;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.agent.AgentRequest.MirrorDisks;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentRequest.ReleaseSpace;
import dev.tern.contract.agent.AgentRequest.ReserveSpace;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.DiskPlace;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.Streams;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Room on the destination's disk")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ReservationsTest {
  private static final Move MOVE =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofSeconds(60), AtDeadline.ABORT, false, true),
          Streams.PLAIN);
  private static final ServerId FIRST = TwoHosts.SERVER;
  private static final ServerId SECOND = ServerId.parse("0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c02");
  private static final long RESERVE = 1L << 30;
  private static final long MARGIN = 64L << 20;

  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private final AtomicReference<Instant> now =
      new AtomicReference<>(Instant.parse("2026-01-02T03:04:05Z"));
  private TwoHosts hosts;
  private SourceFacts first;
  private SourceFacts second;
  private long one;

  @BeforeEach
  void boot() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
    InstantSource time = now::get;
    hosts.clock = time.withZone(ZoneOffset.UTC);
    hosts.destination.restart();
    ImageRef image = hosts.rawImage(1);
    for (ServerId server : new ServerId[] {FIRST, SECOND}) {
      hosts.source.done(new BuildServer(header(server, 1), spec(image)));
      hosts.source.done(new StartServer(header(server, 1)));
    }
    first = described(FIRST);
    second = described(SECOND);
    one =
        ((DestinationFacts)
                hosts.destination.done(new CheckDestination(header(FIRST, 2), first, true)))
            .neededBytes();
    assertThat(one).isEqualTo(first.allocatedBytes() + MARGIN + image.sizeBytes());
  }

  @AfterEach
  void close() throws Exception {
    hosts.close();
    assertThat(world.violations()).isEmpty();
  }

  private SourceFacts described(ServerId server) {
    return (SourceFacts) hosts.source.done(new DescribeSource(header(server, 2)));
  }

  private ReserveSpace reserve(ServerId server) {
    return new ReserveSpace(header(server, 2), server.equals(FIRST) ? first : second, true);
  }

  /** Room for one of the two, and one byte less than both need: they share their base. */
  private void leaveRoomForOne() {
    hosts.destination.figures.diskFree = RESERVE + one + second.allocatedBytes() + MARGIN - 1;
  }

  @Test
  @Tag("S115")
  void is_promised_to_one_of_two_and_the_other_is_told_to_whom() throws Exception {
    leaveRoomForOne();
    hosts.destination.done(reserve(FIRST));
    hosts.destination.done(reserve(FIRST));
    Failure refused = hosts.destination.refused(reserve(SECOND));
    assertThat(refused.code()).isEqualTo(ErrorCode.DESTINATION_LACKS_DISK);
    assertThat(refused.message())
        .contains("destination")
        .contains(Long.toString(second.allocatedBytes() + MARGIN - 1))
        .contains(Long.toString(second.allocatedBytes() + MARGIN))
        .contains("reserved: " + one + " by migration " + TwoHosts.MIGRATION)
        .contains(FIRST.toString());
    assertThat(
            hosts
                .destination
                .refused(new CheckDestination(header(SECOND, 2), second, true))
                .message())
        .isEqualTo(refused.message());
    hosts.destination.done(new ReleaseSpace(header(FIRST, 2)));
    hosts.destination.done(new ReleaseSpace(header(FIRST, 2)));
    hosts.destination.done(reserve(SECOND));
  }

  private ReserveSpace inFull(ServerId server) {
    return new ReserveSpace(header(server, 2), server.equals(FIRST) ? first : second, false);
  }

  private SourceFacts onFastDisks(SourceFacts facts) {
    DiskPlace fast = new DiskPlace(Optional.of("fast"), Optional.empty());
    return facts.planned(facts.disks().stream().map(disk -> disk.at(fast)).toList());
  }

  @Test
  @Tag("S65")
  @Tag("S115")
  void is_promised_also_in_storages_of_their_own_and_over_a_restart() throws Exception {
    Path fast = hosts.destination.storage().toRealPath();
    long each = first.virtualBytes();
    assertThat(each).isPositive();
    hosts.destination.figures.besides.put(fast, RESERVE + 2 * (each + MARGIN) - 1);
    long before = hosts.destination.agent.report().diskFreeBytes();
    first = onFastDisks(first);
    second = onFastDisks(second);

    hosts.destination.done(inFull(FIRST));
    hosts.destination.restart();
    hosts.destination.done(inFull(FIRST));
    Failure refused = hosts.destination.refused(inFull(SECOND));
    assertThat(refused.code()).isEqualTo(ErrorCode.DESTINATION_LACKS_DISK);
    assertThat(refused.message())
        .contains("storage 'fast' of destination host destination")
        .contains((each + MARGIN - 1) + " < need: " + (each + MARGIN))
        .contains("reserved: " + (each + MARGIN) + " by migration " + TwoHosts.MIGRATION);
    assertThat(hosts.destination.data.resolve("reserved").resolve(SECOND.toString()))
        .doesNotExist();
    assertThat(before - hosts.destination.agent.report().diskFreeBytes())
        .as("what the instances' file system has to hold: the base and the margin")
        .isEqualTo(one - described(FIRST).allocatedBytes());

    // What is written counts for the file system, and is not promised any more.
    hosts.destination.done(new CreateDisks(header(FIRST, 2), first));
    long written = size(fast.resolve(FIRST.toString()));
    hosts.destination.figures.besides.put(fast, RESERVE + 2 * (each + MARGIN) - written);
    hosts.destination.done(inFull(SECOND));
    hosts.destination.done(new ReleaseSpace(header(SECOND, 2)));
    hosts.destination.figures.besides.put(fast, RESERVE + 2 * (each + MARGIN) - written - 1);
    hosts.destination.refused(inFull(SECOND));
    hosts.destination.done(new ReleaseSpace(header(FIRST, 2)));
    hosts.destination.done(inFull(SECOND));
  }

  @Test
  @Tag("S115")
  void promised_by_an_older_agent_is_still_promised() throws Exception {
    leaveRoomForOne();
    hosts.destination.done(reserve(FIRST));
    Path record = hosts.destination.data.resolve("reserved").resolve(FIRST.toString());
    String older = Files.readString(record).replace(",\"storages\":{}", "");
    assertThat(older).doesNotContain("storages");
    Files.writeString(record, older);
    hosts.destination.restart();
    hosts.destination.refused(reserve(SECOND));
  }

  @Test
  @Tag("S115")
  void stays_promised_over_a_restart_and_is_no_longer_reported_free() throws Exception {
    long before = hosts.destination.agent.report().diskFreeBytes();
    hosts.destination.done(reserve(FIRST));
    hosts.destination.restart();
    assertThat(hosts.destination.agent.report().diskFreeBytes()).isEqualTo(before - one);
    leaveRoomForOne();
    assertThat(hosts.destination.refused(reserve(SECOND)).code())
        .isEqualTo(ErrorCode.DESTINATION_LACKS_DISK);
  }

  @Test
  void counts_once_what_was_written_of_it() throws Exception {
    long before = hosts.destination.agent.report().diskFreeBytes();
    hosts.destination.done(reserve(FIRST));
    hosts.destination.done(new CreateDisks(header(FIRST, 2), first));
    long written = hosts.destination.agent.report().diskFreeBytes();
    // The base is there, and the file system counts it; these figures do not move by themselves.
    assertThat(before - written)
        .isLessThan(one)
        .isEqualTo(first.allocatedBytes() + MARGIN - size(hosts.destination.instance()));
  }

  private static long size(Path directory) throws Exception {
    try (var files = Files.walk(directory)) {
      return files.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum();
    }
  }

  @Test
  void is_free_again_when_the_guest_has_arrived() throws Exception {
    long before = hosts.destination.agent.report().diskFreeBytes();
    hosts.destination.done(reserve(FIRST));
    hosts.destination.done(new CreateDisks(header(FIRST, 2), first));
    TwoHosts.agreeOnKey(TwoHosts.Host::done, hosts.source, hosts.destination, 2);
    IncomingReady ready =
        (IncomingReady)
            hosts.destination.done(new StartIncoming(header(FIRST, 2), first, Streams.PLAIN));
    hosts.source.done(new MirrorDisks(header(FIRST, 2), ready, MOVE));
    hosts.source.done(new HandOver(header(FIRST, 2), ready, MOVE));
    hosts.destination.done(new AwaitArrival(header(FIRST, 2)));
    assertThat(hosts.destination.agent.report().diskFreeBytes()).isEqualTo(before);
    assertThat(hosts.destination.data.resolve("reserved")).isEmptyDirectory();
  }

  @Test
  void is_free_again_when_the_agent_dies_between_the_arrival_and_the_release() throws Exception {
    hosts.destination.done(reserve(FIRST));
    Path record = hosts.destination.data.resolve("reserved").resolve(FIRST.toString());
    byte[] promised = Files.readAllBytes(record);
    hosts.destination.done(new CreateDisks(header(FIRST, 2), first));
    TwoHosts.agreeOnKey(TwoHosts.Host::done, hosts.source, hosts.destination, 2);
    IncomingReady ready =
        (IncomingReady)
            hosts.destination.done(new StartIncoming(header(FIRST, 2), first, Streams.PLAIN));
    hosts.source.done(new MirrorDisks(header(FIRST, 2), ready, MOVE));
    hosts.source.done(new HandOver(header(FIRST, 2), ready, MOVE));
    hosts.destination.done(new AwaitArrival(header(FIRST, 2)));
    Files.write(record, promised);
    hosts.destination.restart();
    assertThat(record).doesNotExist();
  }

  @Test
  void is_free_again_when_the_server_is_destroyed_or_moves_anew() throws Exception {
    long before = hosts.destination.agent.report().diskFreeBytes();
    hosts.destination.done(reserve(FIRST));
    hosts.destination.done(new ReserveSpace(header(FIRST, 3), first, true));
    assertThat(hosts.destination.agent.report().diskFreeBytes()).isEqualTo(before - one);
    hosts.destination.done(new DestroyServer(header(FIRST, 4)));
    assertThat(hosts.destination.agent.report().diskFreeBytes()).isEqualTo(before);
  }

  @Test
  void is_given_up_when_nobody_came_or_said_so_for_long() throws Exception {
    leaveRoomForOne();
    hosts.destination.done(reserve(FIRST));
    now.updateAndGet(at -> at.plus(Duration.ofHours(25)));
    hosts.destination.done(reserve(SECOND));
    assertThat(hosts.destination.refused(reserve(FIRST)).message()).contains(SECOND.toString());
  }

  @Test
  @Tag("S115")
  void is_not_there_for_a_build_while_a_migration_has_it() throws Exception {
    leaveRoomForOne();
    hosts.destination.done(reserve(FIRST));
    ServerId built = ServerId.parse("0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c03");
    Failure refused =
        hosts.destination.refused(new BuildServer(header(built, 1), spec(hosts.rawImage(1))));
    assertThat(refused.code()).isEqualTo(ErrorCode.HOST_DISK_FULL);
    assertThat(refused.message()).contains("by migration " + TwoHosts.MIGRATION);
    hosts.destination.done(new ReleaseSpace(header(FIRST, 2)));
    hosts.destination.done(new BuildServer(header(built, 1), spec(hosts.rawImage(1))));
    assertThat(hosts.destination.data.resolve("reserved")).isEmptyDirectory();
  }

  @Test
  @Tag("S115")
  void is_counted_by_virtual_size_when_over_commit_is_not_allowed() throws Exception {
    hosts.destination.figures.diskFree = RESERVE + one;
    ReserveSpace all = new ReserveSpace(header(FIRST, 2), first, false);
    assertThat(hosts.destination.refused(all).message())
        .contains(Long.toString(one + first.virtualBytes() - first.allocatedBytes()));
    hosts.destination.done(reserve(FIRST));
  }

  @Test
  void that_a_source_lies_about_is_not_believed() throws Exception {
    SourceFacts silent =
        new SourceFacts(
            first.recipe(),
            first.hypervisorType(),
            first.hypervisorVersion(),
            first.machineType(),
            first.accelerator(),
            first.vcpus(),
            first.memoryMib(),
            first.disks(),
            first.images(),
            java.util.List.of(),
            false,
            java.util.Optional.empty(),
            true);
    assertThat(hosts.destination.refused(new ReserveSpace(header(FIRST, 2), silent, true)).code())
        .isEqualTo(ErrorCode.INVALID_INPUT);
    assertThat(hosts.destination.data.resolve("reserved")).isEmptyDirectory();
  }
}
