package dev.tern.simulation;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;

@DisplayName("A migration, simulated whole with each even seed,")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class EvenSeedsTest extends SeedsOf {
  EvenSeedsTest() {
    super(Seeds.Half.EVEN);
  }
}
