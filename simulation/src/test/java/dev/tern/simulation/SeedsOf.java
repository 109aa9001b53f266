package dev.tern.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What all seeds are run for; half of them in either of two classes, that processes share. */
abstract class SeedsOf {
  private final Seeds.Half half;

  SeedsOf(Seeds.Half half) {
    this.half = half;
  }

  @Test
  @Tag("S68")
  @Tag("S120")
  void that_anything_disturbs_ends_with_one_guest_one_owner_and_nothing_left() {
    Seeds.run(Seeds.Kind.ANYTHING, half)
        .allAreGood(all -> {
          assertThat(all.faults()).as("faults that happened").isPositive();
          assertThat(all.completed()).as("migrations that completed all the same").isPositive();
        });
  }

  /** Which is what people are for: nobody else can know that it does not run the guest. */
  @Test
  @Tag("S68")
  void whose_host_loses_its_power_ends_once_an_operator_states_so() {
    Seeds.run(Seeds.Kind.DARK, half)
        .allAreGood(all -> {
          assertThat(all.fenced()).as("statements").isPositive();
          assertThat(all.givenUp()).as("guests that were given up").isPositive();
          assertThat(all.completed()).as("migrations that completed all the same").isPositive();
        });
  }

  @Test
  @Tag("S68")
  @Tag("S120")
  void beside_others_on_the_same_hosts_ends_as_if_it_were_alone() {
    Seeds.run(Seeds.Kind.SEVERAL, half)
        .allAreGood(all -> {
          assertThat(all.completed()).as("migrations that completed").isPositive();
          assertThat(all.withoutRoom())
              .as("migrations for which others had taken the room")
              .isPositive();
        });
  }

  /** The guest is then on neither side alone, and lost if either QEMU dies. */
  @Test
  @Tag("S68")
  @Tag("S120")
  void that_goes_on_at_its_destination_before_its_memory_is_there_ends_whatever_dies() {
    Seeds.run(Seeds.Kind.AFAR, half)
        .allAreGood(all -> {
          assertThat(all.completed()).as("migrations that completed").isPositive();
        });
  }

  /** Their sources can fail when all is at the destination. */
  @Test
  @Tag("S84")
  @Tag("S120")
  void that_may_go_on_before_its_memory_is_there_and_need_not_ends_whatever_dies() {
    Seeds.run(Seeds.Kind.LAST_WORD, half)
        .allAreGood(all -> {
          assertThat(all.completed()).as("migrations that completed").isPositive();
        });
  }
}
