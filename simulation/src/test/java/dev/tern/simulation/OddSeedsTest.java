package dev.tern.simulation;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;

@DisplayName("A migration, simulated whole with each odd seed,")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class OddSeedsTest extends SeedsOf {
  OddSeedsTest() {
    super(Seeds.Half.ODD);
  }
}
