package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ClaimId;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.store.ClaimStore.ClaimRecord;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every {@link ClaimStore} keeps, real or in memory. */
abstract class ClaimStoreContract {
  private static final Resources ROOM = new Resources(2, 256, 2L << 30);

  abstract Stores stores();

  private final Samples samples = new Samples(this::stores);
  private final HostName host = new HostName("host-" + UUID.randomUUID());
  private final HostName other = new HostName("other-" + UUID.randomUUID());

  @BeforeEach
  void hosts_report() {
    samples.host(host);
    samples.host(other);
  }

  private ServerId server() {
    return stores().servers().requestCreate(Samples.server("s", "sea"), Samples.request()).id();
  }

  private static ClaimId id() {
    return new ClaimId(UUID.randomUUID());
  }

  private Resources claimed(HostName name) {
    return stores().hosts().find(name, Duration.ofMinutes(1)).orElseThrow().claimed();
  }

  @Test
  void is_taken_once_for_an_id_wherever_it_is_asked_for() {
    ServerId server = server();
    ClaimId id = id();
    ClaimRecord first =
        stores().claims().claim(id, server, host, Samples.SHARE, ROOM).orElseThrow();
    assertThat(stores().claims().claim(id, server, host, Samples.SHARE, ROOM)).contains(first);
    assertThat(stores().claims().claim(id, server, other, Samples.SHARE, ROOM)).contains(first);
    assertThat(stores().claims().find(id)).contains(first);
    assertThat(stores().claims().of(server)).containsExactly(first);
    assertThat(claimed(host)).isEqualTo(Samples.SHARE);
    assertThat(claimed(other)).isEqualTo(new Resources(0, 0, 0));
  }

  @Test
  @Tag("S166")
  void is_listed_on_its_host_page_by_page_until_it_is_released() {
    Resources room = new Resources(10, 10 * 256, 10L << 30);
    List<ClaimRecord> held =
        Stream.generate(() ->
                stores().claims().claim(id(), server(), host, Samples.SHARE, room).orElseThrow())
            .limit(3)
            .sorted(java.util.Comparator.comparing(claim -> claim.id().toString()))
            .toList();
    stores().claims().claim(id(), server(), other, Samples.SHARE, room);
    assertThat(stores().claims().on(host, Optional.empty(), 10)).isEqualTo(held);
    assertThat(stores().claims().on(host, Optional.empty(), 2)).isEqualTo(held.subList(0, 2));
    assertThat(stores().claims().on(host, Optional.of(held.get(1).id()), 2))
        .isEqualTo(held.subList(2, 3));
    stores().claims().release(held.getFirst().id());
    assertThat(stores().claims().on(host, Optional.empty(), 10)).isEqualTo(held.subList(1, 3));
  }

  static Stream<Resources> eachIsTooSmallInOne() {
    return Stream.of(
        new Resources(0, 256, 2L << 30), new Resources(2, 127, 2L << 30), new Resources(2, 256, 1));
  }

  @ParameterizedTest
  @MethodSource("eachIsTooSmallInOne")
  @Tag("S99")
  void is_refused_when_anything_is_short_and_takes_nothing(Resources limits) {
    ClaimId id = id();
    ServerId server = server();
    assertThat(stores().claims().claim(id, server, host, Samples.SHARE, limits)).isEmpty();
    assertThat(stores().claims().find(id)).isEmpty();
    assertThat(claimed(host)).isEqualTo(new Resources(0, 0, 0));
    assertThat(stores().claims().claim(id, server, other, Samples.SHARE, ROOM)).isPresent();
  }

  @Test
  void fills_a_host_to_its_limit_and_no_further() {
    List<Optional<ClaimRecord>> claims =
        Stream.generate(() -> stores().claims().claim(id(), server(), host, Samples.SHARE, ROOM))
            .limit(3)
            .toList();
    assertThat(claims.get(0)).isPresent();
    assertThat(claims.get(1)).isPresent();
    assertThat(claims.get(2)).isEmpty();
    assertThat(claimed(host)).isEqualTo(ROOM);
  }

  @Test
  void given_back_frees_its_share_once() {
    ServerId server = server();
    ClaimId id = id();
    stores().claims().claim(id(), server, host, Samples.SHARE, ROOM);
    stores().claims().claim(id, server, host, Samples.SHARE, ROOM);
    stores().claims().release(id);
    stores().claims().release(id);
    assertThat(claimed(host)).isEqualTo(Samples.SHARE);
    assertThat(stores().claims().find(id)).isEmpty();
  }

  @Test
  void given_back_is_not_taken_again_by_a_question_that_comes_late() {
    ServerId server = server();
    ClaimId taken = id();
    stores().claims().claim(taken, server, host, Samples.SHARE, ROOM);
    stores().claims().release(taken);
    ClaimId never = id();
    stores().claims().release(never);
    assertThat(stores().claims().claim(taken, server, host, Samples.SHARE, ROOM)).isEmpty();
    assertThat(stores().claims().claim(never, server, host, Samples.SHARE, ROOM)).isEmpty();
    assertThat(claimed(host)).isEqualTo(new Resources(0, 0, 0));
  }

  @Test
  void on_an_unknown_host_is_refused() {
    assertThat(
            stores().claims().claim(id(), server(), new HostName("nowhere"), Samples.SHARE, ROOM))
        .isEmpty();
  }
}
