package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.ComputeException;
import dev.tern.contract.dead.DeadLetter;
import dev.tern.store.DeadLetterStore.Bounds;
import dev.tern.store.DeadLetterStore.KeptLetter;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What every store of dead letters keeps. */
abstract class DeadLetterStoreContract {
  abstract Stores stores();

  private DeadLetterStore letters() {
    return stores().deadLetters();
  }

  private static DeadLetter letter(byte[] body, Optional<String> type) {
    String digest = (UUID.randomUUID() + "" + UUID.randomUUID()).replace("-", "");
    return new DeadLetter(
        digest,
        "tern.conductor",
        "tern.conductor",
        type,
        "NOT_JSON",
        "NOT_JSON: not JSON",
        1,
        Map.of("x-tern-queue", "tern.conductor"),
        body,
        body.length,
        Instant.parse("2026-01-01T12:00:00Z"));
  }

  private KeptLetter newest() {
    return letters().list(Optional.empty(), 1).getFirst();
  }

  @Test
  void is_kept_once_as_it_is_until_it_is_removed() {
    DeadLetter letter = letter(new byte[] {0, -1, 65}, Optional.empty());
    long before = letters().count();
    assertThat(letters().keep(letter)).isTrue();
    assertThat(letters().keep(letter)).isFalse();
    assertThat(letters().count()).isEqualTo(before + 1);
    UUID id = newest().id();
    assertThat(letters().find(id).orElseThrow().letter()).isEqualTo(letter);
    assertThat(letters().remove(id)).isTrue();
    assertThat(letters().remove(id)).isFalse();
    assertThat(letters().find(id)).isEmpty();
    assertThat(letters().count()).isEqualTo(before);
  }

  @Test
  void is_listed_newest_first_page_by_page() {
    List<DeadLetter> all =
        List.of(
            letter(new byte[1], Optional.of("A.B")),
            letter(new byte[2], Optional.empty()),
            letter(new byte[3], Optional.empty()));
    all.forEach(each -> assertThat(letters().keep(each)).isTrue());
    List<KeptLetter> two = letters().list(Optional.empty(), 2);
    assertThat(two).extracting(KeptLetter::letter).containsExactly(all.get(2), all.get(1));
    assertThat(letters().list(Optional.of(two.getLast().id()), 1))
        .extracting(KeptLetter::letter)
        .containsExactly(all.get(0));
    UUID gone = two.getFirst().id();
    assertThat(letters().remove(gone)).isTrue();
    assertThatThrownBy(() -> letters().list(Optional.of(gone), 1))
        .isInstanceOf(ComputeException.class)
        .hasMessageContaining(gone.toString());
  }

  private static final Bounds ALL = new Bounds(Integer.MAX_VALUE, Long.MAX_VALUE, Duration.ZERO);

  private List<DeadLetter> kept(int... sizes) {
    List<DeadLetter> all =
        IntStream.of(sizes).mapToObj(size -> letter(new byte[size], Optional.empty())).toList();
    all.forEach(each -> assertThat(letters().keep(each)).isTrue());
    return all;
  }

  private List<DeadLetter> listed() {
    return letters().list(Optional.empty(), 100).stream().map(KeptLetter::letter).toList();
  }

  @Test
  void goes_when_too_many_younger_ones_have_come() {
    List<DeadLetter> all = kept(1, 2, 3);
    long before = letters().count();
    assertThat(letters().discard(ALL)).isZero();
    assertThat(letters().discard(new Bounds(2, Long.MAX_VALUE, Duration.ZERO)))
        .isEqualTo((int) before - 2);
    assertThat(listed()).containsExactly(all.get(2), all.get(1));
    assertThat(letters().discard(new Bounds(2, Long.MAX_VALUE, Duration.ZERO))).isZero();
  }

  @Test
  void goes_when_the_younger_ones_take_too_much() {
    List<DeadLetter> all = kept(10, 1000, 900, 600);
    assertThat(letters().discard(new Bounds(Integer.MAX_VALUE, 1500, Duration.ZERO))).isPositive();
    assertThat(listed()).containsExactly(all.get(3), all.get(2));
  }

  @Test
  void goes_when_it_has_been_kept_for_long_enough() {
    Duration month = Duration.ofDays(30);
    DeadLetter old = kept(1).getFirst();
    stores().pass(month.plusMinutes(1));
    DeadLetter young = kept(2).getFirst();
    stores().pass(month.minusMinutes(1));
    assertThat(listed()).startsWith(young, old);
    assertThat(letters().discard(new Bounds(Integer.MAX_VALUE, Long.MAX_VALUE, month)))
        .isPositive();
    assertThat(listed()).containsExactly(young);
  }

  @Test
  void is_listed_with_the_beginning_of_its_body() {
    byte[] body = new byte[DeadLetterStore.LONGEST_LISTED + 1];
    assertThat(letters().keep(letter(body, Optional.empty()))).isTrue();
    KeptLetter listed = newest();
    assertThat(listed.letter().body()).hasSize(DeadLetterStore.LONGEST_LISTED);
    assertThat(listed.letter().bodyBytes()).isEqualTo(body.length);
    assertThat(listed.letter().whole()).isFalse();
    assertThat(letters().find(listed.id()).orElseThrow().letter().whole()).isTrue();
  }
}
