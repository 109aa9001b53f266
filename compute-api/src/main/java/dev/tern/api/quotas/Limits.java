package dev.tern.api.quotas;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.store.QuotaStore;
import dev.tern.store.QuotaStore.Resource;
import java.util.Map;
import org.springframework.stereotype.Component;

/** The limits that hold, from what was set and what is usual. */
@Component
public final class Limits {
  private final QuotaStore quotas;
  private final QuotaSettings settings;

  Limits(QuotaStore quotas, QuotaSettings settings) {
    this.quotas = quotas;
    this.settings = settings;
  }

  /** The installation's, for a store to apply within its transaction. */
  public Map<Resource, Long> usual() {
    return settings.limits();
  }

  public Map<Resource, Long> of(String project) {
    return quotas.limits(project, settings.limits());
  }

  public long of(String project, Resource resource) {
    return of(project).getOrDefault(resource, QuotaStore.UNLIMITED);
  }

  /**
   * Passes that many metadata items.
   *
   * @throws ComputeException {@code QUOTA_EXCEEDED} in Nova's words
   */
  public void requireMetadata(String project, int items) {
    long most = of(project, Resource.METADATA_ITEMS);
    if (most >= 0 && items > most) {
      throw new ComputeException(
          ErrorCode.QUOTA_EXCEEDED,
          "Maximum number of metadata items exceeds %d".formatted(most),
          null);
    }
  }
}
