package dev.tern.store;

import static dev.tern.store.Samples.FAILURE;
import static dev.tern.store.Samples.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.TaskState;
import dev.tern.contract.agent.CopyOrder;
import dev.tern.contract.agent.VolumeAddress;
import dev.tern.contract.agent.VolumeRef;
import dev.tern.store.DiskCopyStore.CopyRecord;
import dev.tern.store.DiskCopyStore.CopyStatus;
import dev.tern.store.DiskCopyStore.NewCopy;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.SagaStore.LeaseLostException;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.VolumeStore.VolumeRecord;
import dev.tern.store.VolumeStore.VolumeStatus;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What every store of volumes keeps. */
abstract class VolumeStoreContract {
  private final Samples samples = new Samples(this::stores);
  private final HostName home = new HostName("home-" + UUID.randomUUID());

  abstract Stores stores();

  @BeforeEach
  void host_reports() {
    samples.host(home);
  }

  private static VolumeRef volume() {
    return new VolumeRef(
        UUID.randomUUID(), new VolumeAddress("storage", 10_809, UUID.randomUUID().toString()));
  }

  private VolumeStore volumes() {
    return stores().volumes();
  }

  private ServerRecord server(ServerRecord of) {
    return stores().servers().find(of.id()).orElseThrow();
  }

  private VolumeRecord now(VolumeRef volume) {
    return volumes().find(volume.id()).orElseThrow();
  }

  private List<VolumeRecord> of(ServerRecord server) {
    return volumes().of(Set.of(server.id())).getOrDefault(server.id(), List.of());
  }

  private VolumeRef attachedTo(ServerRecord guest) {
    VolumeRef volume = volume();
    VolumeRecord _ = volumes().requestAttach(guest.id(), volume, request());
    volumes().attached(samples.lease(guest.id()), volume.id(), 1 << 20);
    return volume;
  }

  private static void assertRefused(ErrorCode code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(ComputeException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  @Tag("S3")
  @Tag("S34")
  void is_no_target_of_a_copy_while_a_server_has_it_and_no_volume_while_it_is_one() {
    ServerRecord guest = samples.active(home);
    ServerRecord other = samples.active(home);
    VolumeRef volume = attachedTo(guest);
    NewCopy overIt = to(volume.address(), other);
    assertRefused(ErrorCode.VOLUME_IN_USE, () -> stores().copies().requestCopy(overIt, request()));
    assertThat(server(other).task()).isEmpty();

    VolumeRecord _ = volumes().requestDetach(guest.id(), volume.id(), request());
    assertRefused(ErrorCode.VOLUME_IN_USE, () -> stores().copies().requestCopy(overIt, request()));
    volumes().detached(samples.lease(guest.id()), volume.id());
    CopyRecord copy = stores().copies().requestCopy(overIt, request());

    VolumeRef again = new VolumeRef(UUID.randomUUID(), volume.address());
    assertRefused(
        ErrorCode.VOLUME_IN_USE, () -> volumes().requestAttach(guest.id(), again, request()));
    assertThat(server(guest).task()).isEmpty();
    assertThat(volumes().find(again.id())).isEmpty();
    stores()
        .copies()
        .ended(
            samples.lease(other.id()),
            copy.id(),
            CopyStatus.FINISHED,
            Optional.empty(),
            Optional.empty());
    VolumeRecord _ = volumes().requestAttach(guest.id(), again, request());
  }

  private static NewCopy to(VolumeAddress address, ServerRecord server) {
    return new NewCopy(
        server.id(),
        CopyOrder.to(ExportUse.of(address), UUID.randomUUID(), "disk0", 0),
        Optional.empty());
  }

  @Test
  @Tag("S34")
  @Tag("S35")
  void locks_its_server_until_it_is_there_and_until_it_is_gone() {
    ServerRecord guest = samples.active(home);
    VolumeRef volume = volume();
    VolumeRecord accepted = volumes().requestAttach(guest.id(), volume, request());
    assertThat(accepted.volume()).isEqualTo(volume);
    assertThat(accepted.status()).isEqualTo(VolumeStatus.ATTACHING);
    assertThat(server(guest).task()).contains(TaskState.ATTACHING_VOLUME);
    assertThat(server(guest).epoch()).isEqualTo(guest.epoch() + 1);
    assertRefused(ErrorCode.INSTANCE_INVALID_STATE, () -> samples.accepted(guest.id()));
    assertRefused(
        ErrorCode.INSTANCE_INVALID_STATE,
        () -> volumes().requestDetach(guest.id(), volume.id(), request()));

    Lease lease = samples.lease(guest.id());
    assertThat(volumes().ofSaga(lease.saga())).contains(accepted);
    volumes().attached(lease, volume.id(), 1 << 20);
    assertThat(server(guest).task()).isEmpty();
    assertThat(of(guest)).containsExactly(now(volume));
    assertThat(now(volume).bytes()).contains(1L << 20);
    assertThatThrownBy(() -> volumes().detached(lease, volume.id()))
        .isInstanceOf(LeaseLostException.class);

    VolumeRecord leaving = volumes().requestDetach(guest.id(), volume.id(), request());
    assertThat(leaving.status()).isEqualTo(VolumeStatus.DETACHING);
    assertThat(server(guest).task()).contains(TaskState.DETACHING_VOLUME);
    volumes().detached(samples.lease(guest.id()), volume.id());
    assertThat(of(guest)).isEmpty();
    assertThat(now(volume).status()).isEqualTo(VolumeStatus.DETACHED);
    assertThat(server(guest).task()).isEmpty();
    assertRefused(
        ErrorCode.VOLUME_NOT_FOUND,
        () -> volumes().requestDetach(guest.id(), volume.id(), request()));
  }

  @Test
  @Tag("S34")
  void has_one_server_at_a_time() {
    ServerRecord guest = samples.active(home);
    VolumeRef volume = attachedTo(guest);
    ServerRecord other = samples.active(home);
    VolumeRef again = new VolumeRef(UUID.randomUUID(), volume.address());
    assertRefused(
        ErrorCode.VOLUME_IN_USE, () -> volumes().requestAttach(other.id(), again, request()));
    assertRefused(
        ErrorCode.VOLUME_NOT_FOUND,
        () -> volumes().requestDetach(other.id(), volume.id(), request()));
    assertThat(server(other).task()).isEmpty();
    assertThat(volumes().find(again.id())).isEmpty();

    VolumeRecord _ = volumes().requestDetach(guest.id(), volume.id(), request());
    volumes().detached(samples.lease(guest.id()), volume.id());
    assertThat(volumes().requestAttach(other.id(), again, request()).status())
        .isEqualTo(VolumeStatus.ATTACHING);
  }

  @Test
  @Tag("S34")
  void that_was_not_attached_says_why_and_is_nobodys() {
    ServerRecord guest = samples.active(home);
    VolumeRef volume = volume();
    VolumeRecord _ = volumes().requestAttach(guest.id(), volume, request());
    volumes().failed(samples.lease(guest.id()), volume.id(), FAILURE);
    assertThat(now(volume).status()).isEqualTo(VolumeStatus.FAILED);
    assertThat(now(volume).failure()).contains(FAILURE);
    assertThat(of(guest)).isEmpty();
    assertThat(server(guest).task()).isEmpty();
  }

  @Test
  @Tag("S35")
  void that_a_guest_does_not_let_go_of_is_as_before_and_says_why() {
    ServerRecord guest = samples.active(home);
    VolumeRef volume = attachedTo(guest);
    VolumeRecord _ = volumes().requestDetach(guest.id(), volume.id(), request());
    volumes().failed(samples.lease(guest.id()), volume.id(), FAILURE);
    assertThat(now(volume).status()).isEqualTo(VolumeStatus.ATTACHED);
    assertThat(now(volume).failure()).contains(FAILURE);
    assertThat(of(guest)).containsExactly(now(volume));
    assertThat(volumes().requestDetach(guest.id(), volume.id(), request()).failure()).isEmpty();
  }

  @Test
  @Tag("S35")
  void is_free_again_when_its_server_is_deleted() {
    ServerRecord guest = samples.active(home);
    VolumeRef volume = attachedTo(guest);
    ServerRecord _ = stores().servers().requestDelete(guest.id(), request());
    stores().servers().deleted(samples.lease(guest.id()), guest.id());
    assertThat(now(volume).status()).isEqualTo(VolumeStatus.DETACHED);
    ServerRecord other = samples.active(home);
    assertThat(
            volumes()
                .requestAttach(
                    other.id(), new VolumeRef(UUID.randomUUID(), volume.address()), request())
                .status())
        .isEqualTo(VolumeStatus.ATTACHING);
  }
}
