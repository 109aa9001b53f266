package dev.tern.store;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** What {@link HibernateAuditTrailStore} keeps, in a list. */
final class InMemoryAuditTrailStore implements AuditTrailStore {
  private static final int REFUSED = 400;

  /** Guarded by this object's lock, as is the number. */
  private final List<AskedFor> all = new ArrayList<>();

  private final Supplier<Instant> now;
  private long number;

  InMemoryAuditTrailStore(Supplier<Instant> now) {
    this.now = now;
  }

  synchronized void clear() {
    all.clear();
  }

  @Override
  public synchronized void keep(Asked asked) {
    all.add(new AskedFor(++number, asked));
  }

  private static <T> boolean fits(Optional<T> wanted, T there) {
    return wanted.isEmpty() || wanted.get().equals(there);
  }

  @Override
  public synchronized List<AskedFor> list(AuditQuery query) {
    return all.reversed().stream()
        .filter(one -> one.number() < query.before().orElse(Long.MAX_VALUE))
        .filter(one -> fits(query.user(), one.asked().user()))
        .filter(one -> fits(query.project(), one.asked().project()))
        .filter(one -> fits(query.target(), one.asked().target()))
        .filter(one -> fits(query.action(), one.asked().action()))
        .filter(one -> fits(query.request(), one.asked().request()))
        .filter(one -> query.since().filter(one.asked().at()::isBefore).isEmpty())
        .filter(one -> query.until().map(one.asked().at()::isBefore).orElse(true))
        .filter(one -> !query.refusedOnly() || one.asked().status() >= REFUSED)
        .limit(query.limit())
        .toList();
  }

  @Override
  public synchronized int forget(Duration olderThan, long moreThan, int atOnce) {
    Instant oldest = now.get().minus(olderThan);
    List<AskedFor> gone =
        all.stream()
            .filter(one -> one.asked().at().isBefore(oldest) || one.number() <= number - moreThan)
            .limit(atOnce)
            .toList();
    all.removeAll(gone);
    return gone.size();
  }
}
