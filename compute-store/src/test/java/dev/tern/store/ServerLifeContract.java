package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.PowerState;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.ActionStore.ActionRecord;
import dev.tern.store.SagaStore.SagaKind;
import dev.tern.store.ServerEditStore.Edit;
import dev.tern.store.ServerLock.By;
import dev.tern.store.ServerStore.Narrowing;
import dev.tern.store.ServerStore.ServerQuery;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.ServerStore.Sort;
import dev.tern.store.ServerStore.SortKey;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link ServerEditStore} keeps, and every {@link ServerStore} of a living server. */
abstract class ServerLifeContract {
  abstract Stores stores();

  private final Samples samples = new Samples(this::stores);
  private final HostName home = new HostName("home-" + UUID.randomUUID());
  private ServerId server = new ServerId(new UUID(0, 0));

  @BeforeEach
  void a_server_runs() {
    samples.host(home);
    server = samples.active(home).id();
  }

  private ServerRecord found() {
    return stores().servers().find(server).orElseThrow();
  }

  private void is(VmState state, PowerState power) {
    assertThat(found().vmState()).isEqualTo(state);
    assertThat(found().power()).isEqualTo(power);
    assertThat(found().task()).isEmpty();
  }

  private void refused(ErrorCode code, String words, Runnable request) {
    ServerRecord before = found();
    assertThatThrownBy(request::run)
        .isInstanceOfSatisfying(
            ComputeException.class,
            e -> {
              assertThat(e.code()).isEqualTo(code);
              assertThat(e.explanation()).contains(words);
            });
    assertThat(found()).isEqualTo(before);
  }

  private void life(LifeRequest what) {
    ServerRecord _ = stores().servers().requestLife(server, what, Samples.request());
  }

  @Test
  void is_paused_and_unpaused_and_rebooted() {
    long epoch = found().epoch();
    life(LifeRequest.PAUSE);
    assertThat(found().task()).contains(TaskState.PAUSING);
    assertThat(found().epoch()).isEqualTo(epoch + 1);
    stores().servers().paused(samples.lease(server), server);
    is(VmState.PAUSED, PowerState.PAUSED);
    refused(ErrorCode.INSTANCE_INVALID_STATE, "vm_state paused", () -> life(LifeRequest.REBOOT));
    life(LifeRequest.UNPAUSE);
    assertThat(found().task()).contains(TaskState.UNPAUSING);
    stores().servers().running(samples.lease(server), server);
    is(VmState.ACTIVE, PowerState.RUNNING);
    for (LifeRequest reboot : List.of(LifeRequest.REBOOT, LifeRequest.HARD_REBOOT)) {
      life(reboot);
      refused(ErrorCode.INSTANCE_INVALID_STATE, "task_state reboot", () -> life(reboot));
      stores().servers().running(samples.lease(server), server);
    }
  }

  @Test
  void is_suspended_and_resumed_or_begun_anew() {
    life(LifeRequest.SUSPEND);
    assertThat(found().task()).contains(TaskState.SUSPENDING);
    refused(
        ErrorCode.INSTANCE_INVALID_STATE, "task_state suspending", () -> life(LifeRequest.PAUSE));
    stores().servers().suspended(samples.lease(server), server);
    is(VmState.SUSPENDED, PowerState.SHUTDOWN);
    assertThat(stores().servers().guestEnded(server, home)).isFalse();
    for (LifeRequest no :
        List.of(LifeRequest.SUSPEND, LifeRequest.PAUSE, LifeRequest.UNPAUSE, LifeRequest.REBOOT)) {
      refused(ErrorCode.INSTANCE_INVALID_STATE, "vm_state suspended", () -> life(no));
    }
    life(LifeRequest.RESUME);
    assertThat(found().task()).contains(TaskState.RESUMING);
    stores().servers().running(samples.lease(server), server);
    is(VmState.ACTIVE, PowerState.RUNNING);
    refused(ErrorCode.INSTANCE_INVALID_STATE, "vm_state active", () -> life(LifeRequest.RESUME));
    life(LifeRequest.SUSPEND);
    stores().servers().suspended(samples.lease(server), server);
    life(LifeRequest.HARD_REBOOT);
  }

  @Test
  void that_is_paused_and_whose_guest_ends_is_stopped() {
    life(LifeRequest.PAUSE);
    stores().servers().paused(samples.lease(server), server);
    assertThat(stores().servers().guestEnded(server, home)).isTrue();
    is(VmState.STOPPED, PowerState.SHUTDOWN);
    life(LifeRequest.HARD_REBOOT);
  }

  @Test
  void that_no_host_has_is_neither_rebooted_nor_stopped_nor_said_to_be_active() {
    server = stores().servers().requestCreate(Samples.server("lost", "p"), Samples.request()).id();
    stores()
        .servers()
        .failed(
            samples.lease(server),
            server,
            VmState.ERROR,
            PowerState.NOSTATE,
            Samples.FAILURE,
            true);
    String words = "while it is in no host";
    refused(ErrorCode.INSTANCE_INVALID_STATE, words, () -> life(LifeRequest.HARD_REBOOT));
    refused(
        ErrorCode.INSTANCE_INVALID_STATE,
        words,
        () -> stores().servers().requestStop(server, Samples.request()));
    refused(
        ErrorCode.INSTANCE_INVALID_STATE,
        words,
        () -> stores().edits().resetState(server, VmState.ACTIVE, Samples.request()));
  }

  @Test
  void is_locked_once_by_its_owner_and_opened() {
    ServerLock first = new ServerLock(By.OWNER, Optional.of("mine"));
    ServerLock second = new ServerLock(By.OWNER, Optional.empty());
    ServerLock theirs = new ServerLock(By.ADMIN, Optional.of("audit"));
    assertThat(stores().edits().lock(server, first, Samples.request()).lock()).contains(first);
    assertThat(stores().edits().lock(server, second, Samples.request()).lock()).contains(first);
    assertThat(stores().edits().lock(server, theirs, Samples.request()).lock()).contains(theirs);
    assertThat(stores().edits().unlock(server, Samples.request()).lock()).isEmpty();
    assertThat(stores().actions().list(server))
        .extracting(ActionRecord::action)
        .startsWith("unlock", "lock", "lock")
        .doesNotContainSequence("lock", "lock", "lock");
  }

  @Test
  void is_reset_unless_something_is_done_to_it() {
    ServerRecord error = stores().edits().resetState(server, VmState.ERROR, Samples.request());
    assertThat(error.vmState()).isEqualTo(VmState.ERROR);
    assertThat(stores().edits().resetState(server, VmState.ACTIVE, Samples.request()).vmState())
        .isEqualTo(VmState.ACTIVE);
    life(LifeRequest.PAUSE);
    refused(
        ErrorCode.INSTANCE_INVALID_STATE,
        "task_state pausing",
        () -> stores().edits().resetState(server, VmState.ERROR, Samples.request()));
    assertThat(stores().sagas().lease(samples.lease(server).saga(), "x", Samples.LEASE)).isEmpty();
    assertThat(SagaKind.values()).contains(SagaKind.PAUSE);
  }

  @Test
  void is_written_on() {
    Edit edit =
        new Edit(
            Optional.of("new"),
            Optional.of(Optional.empty()),
            Optional.of("host"),
            Optional.of("10.0.0.1"),
            Optional.of("fe80::1"),
            Optional.of(false));
    ServerRecord edited = stores().edits().edit(server, edit);
    assertThat(edited).isEqualTo(found());
    assertThat(edited.name()).isEqualTo("new");
    assertThat(edited.description()).isEmpty();
    assertThat(edited.hostname()).isEqualTo("host");
    assertThat(edited.labels().accessIpV4()).isEqualTo("10.0.0.1");
    assertThat(edited.labels().accessIpV6()).isEqualTo("fe80::1");
    assertThat(edited.labels().autoDisk()).isFalse();
    ServerRecord with =
        stores()
            .edits()
            .changeMetadata(
                server,
                "update metadata",
                items -> {
                  items.put("k", "v");
                  return items;
                });
    assertThat(with.metadata()).isEqualTo(Map.of("a", "b", "k", "v")).isEqualTo(found().metadata());
    refused(
        ErrorCode.INVALID_INPUT,
        "no",
        () ->
            stores()
                .edits()
                .changeTags(
                    server,
                    "update tag",
                    tags -> {
                      tags.add("lost");
                      throw new ComputeException(ErrorCode.INVALID_INPUT, "no", null);
                    }));
    assertThat(found().labels().tags()).isEmpty();
  }

  @Test
  void is_found_by_its_tags_its_lock_and_its_last_change() {
    ServerRecord _ =
        stores().edits().changeTags(server, "update tags", _ -> new TreeSet<>(Set.of("b", "a")));
    assertThat(found().labels().tags()).containsExactly("a", "b");
    Set<String> none = Set.of();
    Optional<Boolean> any = Optional.empty();
    Optional<Instant> ever = Optional.empty();
    for (Narrowing fits :
        List.of(
            new Narrowing(Set.of("a", "b"), none, none, none, any, ever),
            new Narrowing(none, Set.of("a", "x"), none, none, any, ever),
            new Narrowing(none, none, Set.of("a", "x"), none, any, ever),
            new Narrowing(none, none, none, Set.of("x"), any, ever),
            new Narrowing(none, none, none, none, Optional.of(false), ever),
            new Narrowing(none, none, none, none, any, Optional.of(found().updatedAt())))) {
      assertThat(listed(fits)).as("%s", fits).isTrue();
    }
    for (Narrowing fails :
        List.of(
            new Narrowing(Set.of("a", "x"), none, none, none, any, ever),
            new Narrowing(none, Set.of("x"), none, none, any, ever),
            new Narrowing(none, none, Set.of("a"), none, any, ever),
            new Narrowing(none, none, none, Set.of("x", "b"), any, ever),
            new Narrowing(none, none, none, none, Optional.of(true), ever),
            new Narrowing(
                none, none, none, none, any, Optional.of(found().updatedAt().minusSeconds(1))))) {
      assertThat(listed(fails)).as("%s", fails).isFalse();
    }
  }

  private boolean listed(Narrowing narrowing) {
    ServerQuery query =
        new ServerQuery(
            Optional.empty(),
            Optional.empty(),
            Optional.of(home),
            Set.of(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            false,
            List.of(new Sort(SortKey.LOCKED, false)),
            Optional.empty(),
            10,
            narrowing);
    return stores().servers().list(query).stream().anyMatch(each -> each.id().equals(server));
  }
}
