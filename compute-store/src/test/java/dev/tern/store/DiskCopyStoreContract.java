package dev.tern.store;

import static dev.tern.store.Samples.FAILURE;
import static dev.tern.store.Samples.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.ImageId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.CopyOrder;
import dev.tern.contract.agent.NbdExport;
import dev.tern.store.DiskCopyStore.CopyRecord;
import dev.tern.store.DiskCopyStore.CopyStatus;
import dev.tern.store.DiskCopyStore.NewCopy;
import dev.tern.store.DiskCopyStore.Seen;
import dev.tern.store.DiskCopyStore.Wish;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.ImageStore.ImageStatus;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.LeaseLostException;
import dev.tern.store.SagaStore.SagaKind;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What every store of disk copies keeps. */
abstract class DiskCopyStoreContract {
  private final Samples samples = new Samples(this::stores);
  private final HostName home = new HostName("home-" + UUID.randomUUID());

  abstract Stores stores();

  @BeforeEach
  void host_reports() {
    samples.host(home);
  }

  private static NewCopy copyOf(ServerRecord server, Optional<Wish> wish) {
    return new NewCopy(
        server.id(),
        new CopyOrder(
            UUID.randomUUID(),
            "disk0",
            true,
            Optional.of("fast"),
            Optional.of("copy"),
            Optional.empty(),
            false,
            false,
            true,
            1 << 20),
        wish);
  }

  private ServerRecord server(ServerRecord of) {
    return stores().servers().find(of.id()).orElseThrow();
  }

  private CopyRecord copy(CopyRecord of) {
    return stores().copies().find(of.id()).orElseThrow();
  }

  private static void assertRefused(
      ErrorCode code, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(ComputeException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  void locks_the_server_until_it_ends() {
    ServerRecord guest = samples.active(home);
    NewCopy asked = copyOf(guest, Optional.of(Wish.PIVOT));
    CopyRecord accepted = stores().copies().requestCopy(asked, request());
    assertThat(accepted.order()).isEqualTo(asked.order());
    assertThat(accepted.status()).isEqualTo(CopyStatus.ACCEPTED);
    assertThat(server(guest).task()).contains(TaskState.COPYING_DISK);
    assertThat(server(guest).epoch()).isEqualTo(guest.epoch() + 1);
    assertRefused(
        ErrorCode.INSTANCE_INVALID_STATE,
        () -> stores().copies().requestCopy(copyOf(guest, Optional.empty()), request()));
    assertRefused(ErrorCode.INSTANCE_INVALID_STATE, () -> samples.accepted(guest.id()));
    assertRefused(
        ErrorCode.INSTANCE_INVALID_STATE,
        () -> stores().servers().requestStop(guest.id(), request()));

    Lease lease = samples.lease(guest.id());
    assertThat(stores().copies().ofSaga(lease.saga())).contains(accepted);
    stores()
        .copies()
        .progress(
            lease, accepted.id(), new Seen(CopyStatus.COPYING, 200, 50, 7, Optional.of("/f")));
    assertThat(server(guest).progress()).isEqualTo(25);
    assertThat(copy(accepted).file()).contains("/f");
    assertThat(stores().copies().decide(lease, accepted.id())).contains(Wish.PIVOT);
    stores()
        .copies()
        .ended(lease, accepted.id(), CopyStatus.PIVOTED, Optional.empty(), Optional.empty());

    assertThat(server(guest).task()).isEmpty();
    assertThat(server(guest).vmState()).isEqualTo(VmState.ACTIVE);
    assertThat(copy(accepted).endedAt()).isPresent();
    assertThat(stores().copies().list(guest.id(), "disk0", 10)).containsExactly(copy(accepted));
    assertThat(stores().copies().list(guest.id(), "disk1", 10)).isEmpty();
    assertThatThrownBy(() ->
            stores()
                .copies()
                .progress(
                    lease, accepted.id(), new Seen(CopyStatus.COPYING, 1, 1, 1, Optional.empty())))
        .isInstanceOf(LeaseLostException.class);
  }

  @Test
  @Tag("S3")
  void to_an_export_is_the_only_one_to_it_until_it_ends() {
    String name = "/" + UUID.randomUUID();
    ServerRecord guest = samples.active(home);
    ServerRecord other = samples.active(home);
    CopyRecord first = stores().copies().requestCopy(to("nbd://h:1" + name, guest), request());
    assertRefused(
        ErrorCode.VOLUME_IN_USE,
        () ->
            stores()
                .copies()
                .requestCopy(to("nbd:h:1:exportname=" + name.substring(1), other), request()));
    assertThat(server(other).task()).isEmpty();
    assertThat(stores().copies().list(other.id(), "disk0", 10)).isEmpty();
    stores().copies().requestCopy(to("nbd://h:2" + name, other), request());

    stores()
        .copies()
        .ended(
            samples.lease(guest.id()),
            first.id(),
            CopyStatus.FAILED,
            Optional.empty(),
            Optional.of(FAILURE));
    stores().copies().requestCopy(to("nbd://h:1" + name, guest), request());
  }

  private static NewCopy to(String target, ServerRecord server) {
    return new NewCopy(
        server.id(),
        CopyOrder.to(NbdExport.parse(target), UUID.randomUUID(), "disk0", 0),
        Optional.empty());
  }

  @Test
  void is_refused_while_the_server_moves() {
    ServerRecord guest = samples.active(home);
    samples.accepted(guest.id());
    assertRefused(
        ErrorCode.INSTANCE_INVALID_STATE,
        () -> stores().copies().requestCopy(copyOf(guest, Optional.empty()), request()));
    assertRefused(
        ErrorCode.INSTANCE_INVALID_STATE,
        () -> stores().copies().requestSnapshot(copyOf(guest, Optional.empty()), request()));
    assertThat(stores().copies().list(guest.id(), "disk0", 10)).isEmpty();
  }

  @Test
  @Tag("S61")
  void waits_for_a_wish_and_takes_none_once_it_ends() {
    ServerRecord guest = samples.active(home);
    CopyRecord accepted = stores().copies().requestCopy(copyOf(guest, Optional.empty()), request());
    Lease lease = samples.lease(guest.id());
    assertThat(stores().copies().decide(lease, accepted.id())).isEmpty();
    assertThat(stores().copies().limit(accepted.id(), 99).bytesPerSecond()).isEqualTo(99);
    assertThat(stores().copies().wish(accepted.id(), Wish.FINISH).wish()).contains(Wish.FINISH);
    assertThat(stores().sagas().renewAndSeeAbort(lease)).isFalse();
    assertThat(stores().copies().decide(lease, accepted.id())).contains(Wish.FINISH);
    assertRefused(
        ErrorCode.INSTANCE_INVALID_STATE, () -> stores().copies().wish(accepted.id(), Wish.CANCEL));
    assertRefused(
        ErrorCode.INSTANCE_INVALID_STATE, () -> stores().copies().limit(accepted.id(), 1));
    assertRefused(
        ErrorCode.DISK_COPY_NOT_FOUND,
        () -> stores().copies().wish(UUID.randomUUID(), Wish.CANCEL));
  }

  @Test
  void once_cancelled_is_seen_as_aborted_and_stays_cancelled() {
    ServerRecord guest = samples.active(home);
    CopyRecord accepted =
        stores().copies().requestCopy(copyOf(guest, Optional.of(Wish.PIVOT)), request());
    Lease lease = samples.lease(guest.id());
    stores().copies().wish(accepted.id(), Wish.CANCEL);
    assertThat(stores().copies().wish(accepted.id(), Wish.PIVOT).wish()).contains(Wish.CANCEL);
    assertThat(stores().sagas().renewAndSeeAbort(lease)).isTrue();
    assertThat(stores().copies().decide(lease, accepted.id())).contains(Wish.CANCEL);
    stores()
        .copies()
        .ended(lease, accepted.id(), CopyStatus.CANCELLED, Optional.empty(), Optional.of(FAILURE));
    assertThat(copy(accepted).failure()).contains(FAILURE);
    assertThat(server(guest).vmState()).isEqualTo(VmState.ACTIVE);
    assertThat(stores().actions().list(guest.id()).getFirst().action()).isEqualTo("copyDisk");
  }

  @Test
  @Tag("S60")
  void for_an_image_makes_the_image_and_takes_it_away_when_it_fails() {
    ServerRecord guest = samples.active(home);
    ImageRecord image = image();
    CopyRecord accepted =
        stores().copies().requestImage(copyOf(guest, Optional.of(Wish.FINISH)), image, request());
    assertThat(accepted.image()).contains(image.id());
    assertThat(server(guest).task()).contains(TaskState.IMAGE_SNAPSHOT);
    assertThat(stores().images().find(image.id()).orElseThrow().status())
        .isEqualTo(ImageStatus.QUEUED);
    Lease lease = samples.lease(guest.id());
    stores().copies().task(lease, accepted.id(), TaskState.IMAGE_UPLOADING);
    assertThat(server(guest).task()).contains(TaskState.IMAGE_UPLOADING);
    stores()
        .copies()
        .ended(lease, accepted.id(), CopyStatus.FAILED, Optional.empty(), Optional.of(FAILURE));
    assertThat(stores().images().find(image.id())).isEmpty();
  }

  @Test
  void that_froze_a_layer_names_it() {
    ServerRecord guest = samples.active(home);
    CopyRecord accepted =
        stores().copies().requestSnapshot(copyOf(guest, Optional.empty()), request());
    Lease lease = samples.lease(guest.id());
    assertThat(
            stores()
                .sagas()
                .lease(lease.saga(), "another", Samples.LEASE)
                .map(SagaStore.SagaRecord::kind))
        .isEmpty();
    stores()
        .copies()
        .ended(
            lease,
            accepted.id(),
            CopyStatus.FINISHED,
            Optional.of("a".repeat(64)),
            Optional.empty());
    assertThat(copy(accepted).layer()).contains("a".repeat(64));
    assertThat(SagaKind.values()).contains(SagaKind.DISK_SNAPSHOT);
  }

  @Test
  void gives_way_to_a_delete_of_the_server() {
    ServerRecord guest = samples.active(home);
    CopyRecord accepted = stores().copies().requestCopy(copyOf(guest, Optional.empty()), request());
    Lease lease = samples.lease(guest.id());
    stores().servers().requestDelete(guest.id(), request());
    assertThat(stores().sagas().renewAndSeeAbort(lease)).isTrue();
    stores().copies().task(lease, accepted.id(), TaskState.IMAGE_UPLOADING);
    stores()
        .copies()
        .ended(lease, accepted.id(), CopyStatus.CANCELLED, Optional.empty(), Optional.of(FAILURE));
    assertThat(server(guest).task()).contains(TaskState.DELETING);
  }

  private static ImageRecord image() {
    return new ImageRecord(
        new ImageId(UUID.randomUUID()),
        "snap",
        "sea",
        "qcow2",
        "bare",
        "private",
        ImageStatus.QUEUED,
        1,
        0,
        false,
        Map.of("image_type", "snapshot"),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Instant.EPOCH,
        Instant.EPOCH);
  }
}
