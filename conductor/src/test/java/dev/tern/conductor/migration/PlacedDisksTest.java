package dev.tern.conductor.migration;

import static dev.tern.conductor.fake.FakeCloud.AT_DESTINATION;
import static dev.tern.conductor.fake.FakeCloud.AT_HOME;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.conductor.fake.FakeCloud;
import dev.tern.conductor.fake.FakeCloud.Fault;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.move.DiskPlace;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("A migration whose disks are put elsewhere on its destination")
class PlacedDisksTest {
  private static final Map<String, DiskPlace> ASKED =
      Map.of("vda", new DiskPlace(Optional.of("fast"), Optional.of("root2")));

  static Stream<Arguments> everyStepTheConductorDiesIn() throws InterruptedException {
    return ChosenWaysTest.everyStepTheConductorDiesIn();
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("everyStepTheConductorDiesIn")
  @Tag("S65")
  void says_so_to_its_destination_whichever_conductor_runs_it(String step, Fault fault)
      throws InterruptedException {
    FakeCloud cloud = new FakeCloud(Optional.empty(), ASKED);
    cloud.fail(step, fault);

    cloud.run();

    assertThat(cloud.things()).containsExactlyElementsOf(AT_DESTINATION);
    assertThat(cloud.placesTold).as("in every request that names disks").containsExactly(ASKED);
    assertThat(cloud.migration().figures().disks().orElseThrow().disks().getFirst().file())
        .isPresent()
        .hasValueSatisfying(file -> assertThat(file).endsWith("/vda.qcow2"));
  }

  @Test
  @Tag("S65")
  void does_not_begin_when_the_agent_there_would_put_them_where_it_is_usual()
      throws InterruptedException {
    FakeCloud cloud = new FakeCloud(Optional.empty(), ASKED);
    cloud.oldAgents();

    cloud.run();

    assertThat(cloud.things()).containsExactlyElementsOf(AT_HOME);
    assertThat(cloud.migration().status()).isEqualTo(MigrationStatus.ERROR);
    assertThat(cloud.migration().failure().orElseThrow().message())
        .contains("too old to put disk vda elsewhere");
  }

  @Test
  void of_a_disk_that_is_not_there_is_refused_by_its_name() throws InterruptedException {
    FakeCloud cloud =
        new FakeCloud(
            Optional.empty(), Map.of("vdz", new DiskPlace(Optional.of("fast"), Optional.empty())));

    cloud.run();

    assertThat(cloud.things()).containsExactlyElementsOf(AT_HOME);
    assertThat(cloud.migration().failure().orElseThrow().message()).contains("no disk vdz");
  }
}
