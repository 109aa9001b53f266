package dev.tern.client.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayName("A few moves, typed,")
class FewMovesTest {
  private FakeTern tern;

  @BeforeEach
  void start() throws IOException {
    tern = new FakeTern();
  }

  @AfterEach
  void stop() {
    tern.close();
  }

  @Test
  @Tag("S140")
  void even_out_hosts_and_are_waited_for() {
    Typed typed =
        Typed.type(
            tern,
            "rebalance",
            "--moves",
            "4",
            "--imbalance",
            "0.1",
            "--host",
            "host-1",
            "--host",
            "host-2",
            "--out",
            "1",
            "--verbose");
    assertThat(typed.status()).isZero();
    assertThat(typed.err()).contains("rebalance: done, 2 of 2 servers moved");
    assertThat(tern.drains.asked.toString())
        .isEqualTo(
            "{\"limits\":{\"out\":1},\"moves\":4,\"imbalance\":0.1,\"hosts\":[\"host-1\",\"host-2\"]}");
  }

  @Test
  @Tag("S140")
  void are_planned_only_when_they_are_run_dry() {
    Typed typed = Typed.type(tern, "rebalance", "--dry-run");
    assertThat(typed.status()).isZero();
    assertThat(typed.out()).contains("rebalance: planned", "web", "host-2", "1.0 MiB");
    assertThat(tern.drains.asked.toString()).isEqualTo("{\"dry_run\":true}");
  }

  @Test
  @Tag("S139")
  void relieve_a_host_below_what_is_named_in_per_cent_or_as_a_part() {
    assertThat(Typed.type(tern, "relieve", "host-1", "--memory", "80", "--vcpus", "0.5").out())
        .contains("relief of host-1: draining", "To look at it: tern drain-show");
    assertThat(tern.drains.asked.toString())
        .isEqualTo("{\"below\":{\"memory\":0.8,\"vcpus\":0.5}}");
  }

  @Test
  void are_refused_without_a_threshold() {
    Typed typed = Typed.type(tern, "relieve", "host-1");
    assertThat(typed.status()).isEqualTo(2);
    assertThat(typed.err()).contains("--memory 80");
  }
}
