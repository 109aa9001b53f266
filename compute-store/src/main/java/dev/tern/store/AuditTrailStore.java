package dev.tern.store;

import dev.tern.contract.RequestId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Who asked for what. What bodies held is not kept: passwords and keys may be among it. */
public interface AuditTrailStore {
  void keep(Asked asked);

  /** Newest first. */
  List<AskedFor> list(AuditQuery query);

  /**
   * Forgets what is too old, and the oldest of what is too much.
   *
   * @param atOnce rows at most
   * @return how many went
   */
  int forget(Duration olderThan, long moreThan, int atOnce);

  /**
   * A request, answered.
   *
   * @param roles as its token says
   * @param client the address it came from
   * @param path without its query
   * @param action what of the path was asked for, as a server's action; empty where the method says
   *     all
   * @param target what it was about: the path's id or name, or what was made; empty for none
   * @param at when it came
   */
  record Asked(
      RequestId request,
      String user,
      String project,
      List<String> roles,
      String client,
      String method,
      String path,
      String action,
      String target,
      int status,
      Instant at) {
    public Asked {
      roles = List.copyOf(roles);
    }
  }

  /** Kept under a number that rises. */
  record AskedFor(long number, Asked asked) {}

  /**
   * Which; what is empty is any.
   *
   * @param before those of a lower number
   */
  record AuditQuery(
      Optional<String> user,
      Optional<String> project,
      Optional<String> target,
      Optional<String> action,
      Optional<RequestId> request,
      Optional<Instant> since,
      Optional<Instant> until,
      boolean refusedOnly,
      Optional<Long> before,
      int limit) {}
}
