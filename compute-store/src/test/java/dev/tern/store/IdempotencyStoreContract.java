package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.HostName;
import dev.tern.contract.TaskState;
import dev.tern.store.IdempotencyStore.Answer;
import dev.tern.store.IdempotencyStore.Claim;
import dev.tern.store.IdempotencyStore.Held;
import dev.tern.store.IdempotencyStore.KeyTakenOverException;
import dev.tern.store.IdempotencyStore.RequestKey;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every store of idempotency keys keeps. */
abstract class IdempotencyStoreContract {
  private static final String THIS = "0123456789abcdef".repeat(4);
  private static final String OTHER = "f".repeat(64);
  private static final Duration HOLD = Duration.ofSeconds(30);
  private static final Duration KEEP = Duration.ofHours(24);
  private static final Answer EARLY = new Answer(202, Map.of("Location", "/there"), "{}");
  private static final Answer FINAL = new Answer(400, Map.of(), "{\"no\":\"host\"}");

  private final Samples samples = new Samples(this::stores);
  private final HostName home = new HostName("home-" + UUID.randomUUID());
  private final RequestKey key = new RequestKey("sea", "tern", UUID.randomUUID().toString());

  abstract Stores stores();

  @BeforeEach
  void host_reports() {
    samples.host(home);
  }

  private IdempotencyStore keys() {
    return stores().idempotency();
  }

  private Claim claim(String fingerprint) {
    return keys().claim(key, fingerprint, HOLD, KEEP);
  }

  private Held held() {
    assertThat(claim(THIS)).isInstanceOf(Claim.Mine.class);
    // The token of the claim before this one is the only other there can be.
    stores().pass(HOLD);
    Claim mine = claim(THIS);
    assertThat(mine).isInstanceOf(Claim.Mine.class);
    return ((Claim.Mine) mine).held();
  }

  private void settle(Held held, Runnable work) {
    String _ =
        keys()
            .settle(
                held,
                () -> {
                  work.run();
                  return "done";
                },
                _ -> EARLY);
  }

  private Optional<TaskState> task(ServerRecord server) {
    return stores().servers().find(server.id()).orElseThrow().task();
  }

  @Test
  void is_held_by_one_request_and_then_answers_for_it() {
    Held held = held();
    assertThat(claim(THIS)).isEqualTo(new Claim.UnderWay());
    assertThat(claim(OTHER)).isEqualTo(new Claim.Different());
    keys().finish(held, FINAL);
    assertThat(claim(THIS)).isEqualTo(new Claim.Answered(FINAL));
    assertThat(claim(OTHER)).isEqualTo(new Claim.Different());
    assertThat(claim(THIS)).isEqualTo(new Claim.Answered(FINAL));
  }

  @Test
  void is_its_callers_own() {
    Held _ = held();
    for (RequestKey another :
        List.of(
            new RequestKey("lake", key.caller(), key.value()),
            new RequestKey(key.project(), "gull", key.value()),
            new RequestKey(
                key.project(), key.caller(), key.value().toUpperCase(java.util.Locale.ROOT)))) {
      assertThat(keys().claim(another, OTHER, HOLD, KEEP)).isInstanceOf(Claim.Mine.class);
    }
  }

  @Test
  void has_the_answer_of_work_whose_request_died_before_it_answered() {
    ServerRecord guest = samples.active(home);
    Held held = held();
    settle(held, () -> stores().servers().requestStop(guest.id(), Samples.request()));
    assertThat(task(guest)).contains(TaskState.POWERING_OFF);
    assertThat(claim(THIS)).isEqualTo(new Claim.UnderWay());
    stores().pass(HOLD);
    assertThat(claim(THIS)).isEqualTo(new Claim.Answered(EARLY));
    // It was only slow: whoever came meanwhile was told, and is not contradicted.
    keys().finish(held, FINAL);
    assertThat(claim(THIS)).isEqualTo(new Claim.Answered(EARLY));
  }

  @Test
  void is_free_for_the_next_when_its_request_died_before_the_work() {
    ServerRecord guest = samples.active(home);
    Held dead = held();
    stores().pass(HOLD);
    Held next = ((Claim.Mine) claim(THIS)).held();
    assertThat(next.token()).isGreaterThan(dead.token());
    assertThatThrownBy(
            () -> settle(dead, () -> stores().servers().requestStop(guest.id(), Samples.request())))
        .isInstanceOf(KeyTakenOverException.class);
    assertThat(task(guest)).isEmpty();
    keys().finish(dead, FINAL);
    keys().giveUp(dead);
    assertThat(claim(THIS)).isEqualTo(new Claim.UnderWay());
    settle(next, () -> stores().servers().requestStop(guest.id(), Samples.request()));
    assertThat(task(guest)).contains(TaskState.POWERING_OFF);
  }

  @Test
  void keeps_nothing_of_work_that_was_refused() {
    ServerRecord guest = samples.active(home);
    Held held = held();
    assertThatThrownBy(() ->
            settle(held, () -> stores().servers().requestStart(guest.id(), Samples.request())))
        .isInstanceOf(dev.tern.contract.ComputeException.class);
    keys().giveUp(held);
    assertThat(claim(OTHER)).isInstanceOf(Claim.Mine.class);
  }

  @Test
  void lets_its_request_work_once() {
    Held held = held();
    settle(held, () -> {});
    assertThatThrownBy(() -> settle(held, () -> {})).isInstanceOf(IllegalStateException.class);
    keys().giveUp(held);
    assertThat(claim(THIS)).isEqualTo(new Claim.Answered(EARLY));
  }

  @Test
  void is_forgotten_when_its_time_is_over_and_not_before() {
    Held held = held();
    keys().finish(held, FINAL);
    stores().pass(KEEP.minus(HOLD).minusMinutes(1));
    assertThat(claim(THIS)).isEqualTo(new Claim.Answered(FINAL));
    stores().pass(Duration.ofMinutes(2));
    assertThat(claim(OTHER)).isInstanceOf(Claim.Mine.class);
    int _ = keys().purge(1000);
    assertThat(claim(OTHER)).isEqualTo(new Claim.UnderWay());
    stores().pass(KEEP);
    assertThat(keys().purge(1000)).isPositive();
    assertThat(keys().purge(1000)).isZero();
  }

  @Test
  void is_got_by_one_of_many_at_once() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Future<Claim>> all = new ArrayList<>();
      for (int i = 0; i < 32; i++) {
        all.add(threads.submit(() -> claim(THIS)));
      }
      List<Claim> said = new ArrayList<>();
      for (Future<Claim> one : all) {
        said.add(one.get(60, TimeUnit.SECONDS));
      }
      assertThat(said).filteredOn(Claim.Mine.class::isInstance).hasSize(1);
      assertThat(said).filteredOn(new Claim.UnderWay()::equals).hasSize(31);
    }
  }
}
