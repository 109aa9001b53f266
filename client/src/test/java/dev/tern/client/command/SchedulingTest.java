package dev.tern.client.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayName("Why a host, typed,")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SchedulingTest {
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

  @Test
  void names_each_host_its_scores_or_refusals_and_what_would_fit() {
    String id = tern.server("web");
    Typed typed = type("decisions", "web");
    assertThat(typed.status()).isZero();
    assertThat(typed.out())
        .contains(
            "2026-08-02, req-1: server %s to host-2".formatted(id),
            "1 of 2 hosts passed",
            "host-2  passed   1.500   RAM 1.500",
            "host-3  refused  -       RamFilter: 512 MiB are needed, 128 are free.",
            "! host-3 fits if 384 MiB are freed")
        .doesNotContain("2026-08-01");
    assertThat(type("decisions", "web", "--all").out()).contains("2026-08-01");
    assertThat(type("decisions", "req-1").out()).contains("2026-08-01");
    assertThat(type("decisions", "web", "--json").out()).contains("\"would_fit\" : [");
  }

  @Test
  void is_not_known_of_a_request_that_decided_nothing() {
    Typed typed = type("decisions", "req-none");
    assertThat(typed.status()).isEqualTo(1);
    assertThat(typed.err()).contains("No decision of request req-none is kept.");
  }

  @Test
  void is_asked_before_anything_moves() {
    String id = tern.server("web");
    Typed typed = type("preflight", "web", "--target", "host-2");
    assertThat(typed.status()).isZero();
    assertThat(typed.out())
        .contains(
            "server web (%s): from host-1 to host-2".formatted(id),
            "to send: disks 1.0 MiB, layers 0 B, memory 0 B",
            "forecast: 2 s (1 to 5)",
            "rests on: two like it",
            "the guest writes: memory 3.0 MiB/s, disks 1.0 MiB/s; converges: yes",
            "! it could not return: host-1 is older.",
            "host-3  refused");
    assertThat(tern.heard.getLast()).contains("\"targets\":[\"host-2\"]");
    assertThat(tern.migrations).isEmpty();
  }

  @Test
  void exits_1_when_a_server_of_the_host_cannot_be_moved() {
    tern.server("web");
    Objects.requireNonNull(tern.servers.get(tern.server("db"))).put("status", "ERROR");
    Typed typed = type("preflight", "--of-host", "host-1");
    assertThat(typed.status()).isEqualTo(1);
    assertThat(typed.out()).contains("cannot be moved", "! The server is in error.", "to host-2");
    assertThat(type("preflight").status()).isEqualTo(2);
    assertThat(type("preflight", "web", "--of-host", "host-1").status()).isEqualTo(2);
  }

  @Test
  void says_what_it_takes_to_move_a_server_that_does_not_run() {
    Objects.requireNonNull(tern.servers.get(tern.server("web"))).put("status", "SHUTOFF");
    Typed typed = type("preflight", "web");
    assertThat(typed.status()).isEqualTo(1);
    assertThat(typed.out())
        .contains(
            "cannot be moved",
            "! It is stopped.",
            "cold: to host-2, disks 3.0 MiB, layers 0 B, 8 s (5 to 20), down for about 7 s",
            "cold: It moves cold.");
    assertThat(type("preflight", "web", "--or-cold").status()).isZero();
    assertThat(tern.heard.getLast()).contains("\"on_cannot_move\":\"cold\"");
  }
}
