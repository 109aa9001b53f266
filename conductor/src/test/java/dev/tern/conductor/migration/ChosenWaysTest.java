package dev.tern.conductor.migration;

import static dev.tern.conductor.fake.FakeCloud.AT_DESTINATION;
import static dev.tern.conductor.fake.FakeCloud.AT_HOME;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.conductor.fake.FakeCloud;
import dev.tern.conductor.fake.FakeCloud.Fault;
import dev.tern.conductor.fake.LogLines;
import dev.tern.conductor.saga.SagaLog;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.ImageId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.DiskKind;
import dev.tern.contract.agent.AgentResult.DiskLayer;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.AgentResult.Way;
import dev.tern.store.DiskPlan;
import dev.tern.store.DiskPlan.PlannedDisk;
import dev.tern.store.DiskPlan.PlannedLayer;
import dev.tern.store.DiskPlan.Supply;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("A migration whose disks have chosen ways")
class ChosenWaysTest {
  private static final long MIB = 1 << 20;
  private static final String IMAGE = "a".repeat(64);
  private static final String SNAPSHOT = "b".repeat(64);
  private static final ImageId FETCHED = new ImageId(UUID.randomUUID());

  static Stream<Arguments> everyStepTheConductorDiesIn() throws InterruptedException {
    FakeCloud undisturbed = new FakeCloud();
    undisturbed.run();
    return undisturbed.log().stream()
        .map(line -> line.step())
        .distinct()
        .flatMap(step ->
            Stream.of(
                    Fault.CONDUCTOR_DIES_AFTER_THE_EFFECT,
                    Fault.CONDUCTOR_DIES_BEFORE_WRITING_IT,
                    Fault.CONDUCTOR_DIES_AFTER_WRITING_IT)
                .map(fault -> Arguments.of(step, fault)));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("everyStepTheConductorDiesIn")
  @Tag("S148")
  void goes_them_whichever_conductor_runs_it(String step, Fault fault) throws InterruptedException {
    Map<String, Way> asked = Map.of("vda", Way.CHAIN);
    FakeCloud cloud = new FakeCloud(Optional.of(asked));
    cloud.fail(step, fault);

    cloud.run();

    assertThat(cloud.things()).containsExactlyElementsOf(AT_DESTINATION);
    assertThat(cloud.waysTold).containsExactly(asked);
    DiskPlan plan = cloud.migration().figures().disks().orElseThrow();
    PlannedDisk disk = plan.disks().getFirst();
    assertThat(disk.copy()).isEqualTo("chain");
    assertThat(disk.layers()).extracting(PlannedLayer::supply).containsExactly(Supply.SOURCE);
    assertThat(plan.bytesToSend()).isEqualTo(3 * MIB).isEqualTo(cloud.migration().diskTotal());
  }

  @ParameterizedTest
  @EnumSource(names = {"FULL", "TOP"})
  @Tag("S50")
  void may_go_in_full_or_top_only(Way way) throws InterruptedException {
    FakeCloud cloud = new FakeCloud(Optional.of(Map.of("vda", way)));
    cloud.run();
    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.COMPLETED);
    assertThat(cloud.waysTold).containsExactly(Map.of("vda", way));
  }

  @ParameterizedTest
  @CsvSource({"vdz, FULL, no disk vdz", "vda, SKIP, Name it among the disks"})
  @Tag("S73")
  @Tag("S74")
  void is_refused_by_the_name_of_a_disk_that_cannot(String disk, Way way, String why)
      throws InterruptedException {
    FakeCloud cloud = new FakeCloud(Optional.of(Map.of(disk, way)));
    cloud.run();
    assertThat(cloud.things()).containsExactlyElementsOf(AT_HOME);
    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.ERROR);
    assertThat(cloud.migration().failure().orElseThrow().code()).isEqualTo(ErrorCode.INVALID_INPUT);
    assertThat(cloud.migration().failure().orElseThrow().message()).contains(disk, why);
    assertThat(cloud.migration().figures().disks()).isEmpty();
  }

  @Test
  @Tag("S48")
  void says_in_the_log_what_becomes_of_each_disk() throws InterruptedException {
    FakeCloud cloud = new FakeCloud();
    List<Map<String, Object>> lines = LogLines.of(SagaLog.class, "disk planned", cloud::run);
    assertThat(lines)
        .singleElement()
        .satisfies(line ->
            assertThat(line)
                .containsEntry("disk", "vda")
                .containsEntry("copy", "top")
                .containsEntry("bytes", 3 * MIB));
  }

  private static DiskFacts disk(String id, DiskKind kind, Way way, DiskLayer... layers) {
    return new DiskFacts(
            id,
            kind,
            kind == DiskKind.LOCAL ? "qcow2" : "raw",
            100 * MIB,
            10 * MIB,
            Stream.of(layers).mapToLong(DiskLayer::allocatedBytes).sum(),
            Stream.of(layers).map(DiskLayer::sha256).findFirst(),
            false,
            Optional.empty(),
            Optional.empty(),
            Optional.of(List.of(layers)))
        .going(way);
  }

  private static SourceFacts guest(DiskFacts... disks) {
    return new SourceFacts(
        "{}",
        "QEMU",
        7_002_000,
        "q35",
        "tcg",
        1,
        128,
        List.of(disks),
        List.of(
            new ImageRef(FETCHED, IMAGE, "qcow2", 1),
            new ImageRef(new ImageId(UUID.randomUUID()), SNAPSHOT, "qcow2", 1)),
        List.of(),
        false,
        Optional.empty(),
        true);
  }

  private static DiskPlan plan(SourceFacts guest, List<String> absent) {
    return DiskPlanning.of(
        guest,
        Optional.of(
            new DestinationFacts(
                "", 0, 0, List.of(IMAGE, SNAPSHOT), Optional.of(absent), Optional.empty())),
        FETCHED::equals);
  }

  @Test
  @Tag("S48")
  @Tag("S75")
  @Tag("S128")
  @Tag("S145")
  void has_a_plan_that_says_from_where_each_layer_comes() {
    DiskLayer snapshot = new DiskLayer(SNAPSHOT, "qcow2", 4 * MIB);
    DiskLayer image = new DiskLayer(IMAGE, "raw", 50 * MIB);
    DiskPlan plan =
        plan(
            guest(
                disk("top", DiskKind.LOCAL, Way.TOP, snapshot, image),
                disk("full", DiskKind.LOCAL, Way.FULL, snapshot, image),
                disk("config", DiskKind.READ_ONLY, Way.SKIP),
                disk("volume", DiskKind.NETWORK, Way.SKIP)),
            List.of(SNAPSHOT, IMAGE));
    assertThat(plan.disks().stream().map(PlannedDisk::copy))
        .containsExactly("top", "full", "skip (read-only)", "skip (network)");
    assertThat(plan.disks().getFirst().layers())
        .extracting(PlannedLayer::supply)
        .containsExactly(Supply.SOURCE, Supply.IMAGE_SERVICE);
    assertThat(plan.disks().get(1).layers())
        .extracting(PlannedLayer::supply)
        .containsOnly(Supply.NOT_NEEDED);
    assertThat(plan.disks().stream().map(PlannedDisk::bytesToSend))
        .containsExactly(14 * MIB, 64 * MIB, 0L, 0L);
    assertThat(plan.bytesToSend()).isEqualTo(78 * MIB);
  }

  @Test
  @Tag("S145")
  void sends_a_layer_of_two_disks_once_and_none_that_is_there() {
    DiskLayer snapshot = new DiskLayer(SNAPSHOT, "qcow2", 4 * MIB);
    DiskLayer image = new DiskLayer(IMAGE, "raw", 50 * MIB);
    SourceFacts guest =
        guest(
            disk("a", DiskKind.LOCAL, Way.CHAIN, snapshot, image),
            disk("b", DiskKind.LOCAL, Way.TOP, image));
    DiskPlan all = plan(guest, List.of(SNAPSHOT, IMAGE));
    assertThat(all.disks().get(1).layers())
        .extracting(PlannedLayer::supply)
        .as("one chain suffices")
        .containsExactly(Supply.SOURCE);
    assertThat(all.bytesToSend()).isEqualTo((10 + 10 + 4 + 50) * MIB);
    DiskPlan some = plan(guest, List.of(SNAPSHOT));
    assertThat(some.disks().get(1).layers())
        .extracting(PlannedLayer::supply)
        .containsExactly(Supply.DESTINATION);
    assertThat(some.bytesToSend()).isEqualTo((10 + 10 + 4) * MIB);
  }
}
