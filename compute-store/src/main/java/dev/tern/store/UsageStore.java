package dev.tern.store;

import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.FlavorStore.FlavorRecord;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** For how long there were which servers. */
public interface UsageStore {
  /**
   * Servers, also deleted ones, that were there at some moment of a period, by id; keyset paging
   * after {@code after}.
   *
   * @param project empty for all
   */
  List<Lifetime> lifetimes(
      Optional<String> project, Instant from, Instant to, Optional<UUID> after, int limit);

  /**
   * A server's time.
   *
   * @param launchedAt when its guest first ran; servers whose never did are not told
   */
  record Lifetime(
      ServerId id,
      String name,
      String project,
      FlavorRecord flavor,
      VmState state,
      Instant launchedAt,
      Optional<Instant> terminatedAt) {}
}
