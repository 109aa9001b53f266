package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.PowerState;
import dev.tern.contract.VmState;
import dev.tern.store.KeyPairStore.KeyPairRecord;
import dev.tern.store.KeyPairStore.PublicKey;
import dev.tern.store.QuotaStore.Kind;
import dev.tern.store.QuotaStore.Resource;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.ServerStore.NewServer;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.ServerStore.Usage;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What belongs to a project or a user: limits, what is used, keys. */
abstract class ProjectStoresContract {
  abstract Stores stores();

  private final String project = "p-" + UUID.randomUUID();
  private final Samples samples = new Samples(this::stores);

  private List<NewServer> wanted(int many) {
    return IntStream.range(0, many).mapToObj(_ -> Samples.server("s", project)).toList();
  }

  private List<ServerRecord> create(int least, int most, Map<Resource, Long> usual) {
    return stores()
        .servers()
        .requestCreate(
            wanted(most),
            new BootTerms(least, usual, Optional.empty(), List.of(), List.of()),
            Samples.request());
  }

  /** How many of {@code many} at once were not refused. */
  private static int passing(int many, IntConsumer request) {
    AtomicInteger passed = new AtomicInteger();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      IntStream.range(0, many)
          .mapToObj(i ->
              CompletableFuture.runAsync(
                  () -> {
                    try {
                      request.accept(i);
                      passed.incrementAndGet();
                    } catch (ComputeException e) {
                      assertThat(e.code()).isEqualTo(ErrorCode.QUOTA_EXCEEDED);
                    }
                  },
                  threads))
          .toList()
          .forEach(CompletableFuture::join);
    }
    return passed.get();
  }

  @Test
  @Tag("S114")
  void cannot_be_overspent_by_many_at_once() {
    int passed = passing(24, _ -> create(1, 1, Map.of(Resource.INSTANCES, 7L)));
    assertThat(passed).isEqualTo(7);
    assertThat(stores().quotas().usage(project).servers()).isEqualTo(7);
  }

  @Test
  void is_counted_until_a_server_is_deleted_also_when_its_build_failed() {
    Map<Resource, Long> one = Map.of(Resource.INSTANCES, 1L);
    ServerRecord made = create(1, 1, one).getFirst();
    Usage used = new Usage(1, made.flavor().vcpus(), made.flavor().memoryMib());
    assertThat(stores().quotas().usage(project)).isEqualTo(used);
    Lease lease = samples.lease(made.id());
    stores()
        .servers()
        .failed(
            lease,
            made.id(),
            VmState.ERROR,
            PowerState.NOSTATE,
            new Failure(ErrorCode.NO_VALID_HOST, "none"),
            true);
    assertThat(stores().quotas().usage(project)).isEqualTo(used);
    assertThatThrownBy(() -> create(1, 1, one))
        .hasMessage("Quota exceeded for instances: Requested 1, but already used 1 of 1 instances");
    stores().servers().requestDelete(made.id(), Samples.request());
    stores().servers().deleted(samples.lease(made.id()), made.id());
    assertThat(stores().quotas().usage(project)).isEqualTo(new Usage(0, 0, 0));
    assertThat(create(1, 1, one)).hasSize(1);
  }

  @Test
  void says_everything_that_is_too_much_and_makes_nothing() {
    assertThatThrownBy(() -> create(2, 3, Map.of(Resource.INSTANCES, 1L, Resource.CORES, 0L)))
        .hasMessage(
            "Quota exceeded for cores, instances: Requested %d, 2-3, but already used 0, 0 of 0, 1 cores, instances"
                .formatted(3 * wanted(1).getFirst().flavor().vcpus()));
    assertThat(stores().quotas().usage(project)).isEqualTo(new Usage(0, 0, 0));
  }

  @Test
  void lets_as_many_be_made_as_fit_when_fewer_will_do() {
    assertThat(create(2, 5, Map.of(Resource.INSTANCES, 3L))).hasSize(3);
    assertThat(create(1, 2, Map.of(Resource.INSTANCES, QuotaStore.UNLIMITED))).hasSize(2);
  }

  @Test
  void is_the_projects_own_before_the_class_before_the_usual() {
    QuotaStore quotas = stores().quotas();
    Map<Resource, Long> usual =
        Map.of(Resource.KEY_PAIRS, 1L, Resource.METADATA_ITEMS, 2L, Resource.SERVER_GROUPS, 3L);
    quotas.put(
        Kind.QUOTA_CLASS,
        "default",
        Map.of(Resource.METADATA_ITEMS, 20L, Resource.SERVER_GROUPS, 30L));
    quotas.put(Kind.PROJECT, project, Map.of(Resource.SERVER_GROUPS, 300L));
    quotas.put(Kind.PROJECT, project, Map.of(Resource.SERVER_GROUPS, 301L));
    assertThat(quotas.limits(project, usual))
        .isEqualTo(
            Map.of(
                Resource.KEY_PAIRS,
                1L,
                Resource.METADATA_ITEMS,
                20L,
                Resource.SERVER_GROUPS,
                301L));
    assertThat(quotas.set(Kind.PROJECT, project)).isEqualTo(Map.of(Resource.SERVER_GROUPS, 301L));
    quotas.forget(project);
    assertThat(quotas.limits(project, usual)).containsEntry(Resource.SERVER_GROUPS, 30L);
  }

  // ---- keys

  private KeyPairRecord key(String name, long most) {
    return stores()
        .keyPairs()
        .create(project, new PublicKey(name, "ssh", "ssh-rsa AAAA " + name), "aa:bb", most);
  }

  @Test
  void of_keys_is_kept_by_many_at_once() {
    assertThat(passing(12, i -> key("k" + i, 4))).isEqualTo(4);
    assertThat(stores().keyPairs().list(project, Optional.empty(), 100)).hasSize(4);
  }

  @Test
  void holds_keys_of_a_user_by_name() {
    KeyPairStore keys = stores().keyPairs();
    KeyPairRecord b = key("b", -1);
    KeyPairRecord a = key("a", -1);
    assertThat(keys.list(project, Optional.empty(), 10)).containsExactly(a, b);
    assertThat(keys.list(project, Optional.of("a"), 10)).containsExactly(b);
    assertThat(keys.list(project, Optional.empty(), 1)).containsExactly(a);
    assertThat(keys.find(project, "a")).contains(a);
    assertThat(keys.find("other", "a")).isEmpty();
    assertThatThrownBy(() -> key("a", -1)).hasMessage("Key pair 'a' already exists.");
    assertThatThrownBy(() -> keys.list(project, Optional.of("c"), 1))
        .isInstanceOf(ComputeException.class);
    assertThat(keys.delete(project, "a")).isTrue();
    assertThat(keys.delete(project, "a")).isFalse();
  }

  @Test
  void gives_a_server_its_key() {
    PublicKey key = new PublicKey("mine", "ssh", "ssh-rsa AAAA");
    NewServer with =
        Samples.server(
            "s", project, new ServerStore.ConfigWish(true, Optional.empty(), Optional.of(key)));
    stores().servers().requestCreate(with, Samples.request());
    assertThat(stores().servers().find(with.id()).orElseThrow().config().key()).contains(key);
  }
}
