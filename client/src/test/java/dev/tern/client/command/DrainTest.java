package dev.tern.client.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayName("A drain, typed,")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class DrainTest {
  private FakeTern tern;

  @BeforeEach
  void start() throws IOException {
    tern = new FakeTern();
  }

  @AfterEach
  void stop() {
    tern.close();
  }

  private Typed type(String... arguments) {
    return Typed.type(tern, arguments);
  }

  private String only() {
    return type("drain-list").out().lines().skip(1).findFirst().orElseThrow().split(" ", 2)[0];
  }

  @Test
  void shows_its_plan_and_touches_nothing_when_it_is_run_dry() {
    Typed typed = type("drain", "host-1", "--dry-run");
    assertThat(typed.status()).isZero();
    assertThat(typed.out())
        .contains(
            "drain of host-1: planned, 1 of 2 servers can move (",
            "expected end 2026-08-01T02:00:00 UTC; rests on: a guess",
            "! The deadline cannot be met.",
            "0b9a    web   host-2  1.0 MiB",
            "17cc    db    -       -        -             -        -      It is suspended.");
    assertThat(tern.heard.getFirst()).contains("\"dry_run\":true");
  }

  @Test
  void run_dry_is_listed_only_when_it_is_asked_for() {
    assertThat(type("drain", "host-1", "--dry-run").status()).isZero();
    assertThat(type("drain-list").out()).doesNotContain("host-1");
    assertThat(type("drain-list", "--dry-runs").out())
        .containsPattern("PURPOSE +STATE")
        .containsPattern("host-1 +empty +planned");
  }

  @Test
  void is_watched_to_its_end_and_tells_what_came_of_it() {
    Typed typed =
        type(
            "drain",
            "host-1",
            "--out",
            "2",
            "--bandwidth",
            "10",
            "--target",
            "host-2",
            "--target",
            "host-3",
            "--order",
            "largest-first",
            "--on-cannot-move",
            "leave",
            "--verbose");
    assertThat(typed.status()).isZero();
    assertThat(typed.err())
        .contains(
            "drain of host-1: draining, 1 of 2 servers moved",
            "drain of host-1: drained, 2 of 2 servers moved");
    assertThat(typed.out()).contains("1.0 MiB in 4.5 s; longest pause 81.0 ms");
    assertThat(tern.heard.getFirst())
        .contains(
            "\"limits\":{\"out\":2,\"bandwidth\":10485760}",
            "\"targets\":[\"host-2\",\"host-3\"]",
            "\"order\":\"largest_first\"",
            "\"on_cannot_move\":\"leave\"");
  }

  @Test
  void exits_1_and_says_why_when_something_is_left() {
    tern.drains.leaves = true;
    Typed typed = type("drain", "host-1", "--wait");
    assertThat(typed.status()).isEqualTo(1);
    assertThat(typed.out()).contains("incomplete, 1 of 2 servers moved", "It is in error.");
  }

  @Test
  void waits_no_longer_than_it_is_told_to_and_says_that_it_goes_on() {
    assertThat(type("drain", "host-1").status()).isZero();
    String id = only();
    assertThat(type("drain-pause", id).out()).contains("draining (paused)");
    Typed typed = type("drain-show", id, "--timeout", "5");
    assertThat(typed.status()).isEqualTo(4);
    assertThat(typed.err()).contains("drain %s goes on".formatted(id), "tern drain-cancel " + id);
  }

  @Test
  void is_steered_by_its_id() {
    assertThat(type("drain", "host-1").out()).contains("To look at it: tern drain-show");
    String id = only();
    assertThat(type("drain-pause", id).status()).isZero();
    assertThat(type("drain-resume", id, "--in", "1").status()).isZero();
    assertThat(tern.heard).anyMatch(line -> line.endsWith("{\"limits\":{\"in\":1}}"));
    assertThat(type("drain-cancel", id, "--abort").out()).contains("cancelled");
    assertThat(tern.heard).anyMatch(line -> line.contains("/cancel?abort=true"));
    assertThat(type("drain-return", id).out()).contains("returning");
    assertThat(type("drain-show", id, "--json").out()).contains("\"state\" : \"returning\"");
  }

  @Test
  void is_refused_as_the_API_refuses_it() {
    assertThat(type("drain", "nowhere").err())
        .isEqualTo("tern: Compute host nowhere could not be found.\n");
    assertThat(type("drain-show", "0b9a").err())
        .isEqualTo("tern: Drain 0b9a could not be found.\n");
    assertThat(type("drain", "host-1", "--bandwidth", "much").status()).isEqualTo(2);
    assertThat(type("drain-list", "--limit", "0").status()).isEqualTo(2);
  }
}
