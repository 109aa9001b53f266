package dev.tern.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

@DisplayName("A bug that was planted")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class PlantedBugTest {
  private static final Logger log = LoggerFactory.getLogger(PlantedBugTest.class);
  private static final int SEEDS = 2000;

  @ParameterizedTest
  @EnumSource(Planted.class)
  void is_found(Planted bug) {
    Optional<Simulation.Result> found = Optional.empty();
    for (long seed = 1; seed <= SEEDS && found.isEmpty(); seed++) {
      Plan plan = bug.in(Plan.of(seed, bug.effects(), bug::shows));
      Simulation.Result result = new Simulation(plan, bug).run();
      if (!result.good()) {
        found = Optional.of(result);
      }
    }

    assertThat(found).as("a seed up to %d that finds it", SEEDS).isPresent();
    log.atInfo()
        .addKeyValue("bug", bug)
        .addKeyValue("seed", found.get().plan().seed())
        .addKeyValue("violated", found.get().violations())
        .log("found");
    assertThat(new Simulation(found.get().plan(), Variant.AS_IT_IS).run().violations())
        .as("the same run without the bug")
        .isEmpty();
  }
}
