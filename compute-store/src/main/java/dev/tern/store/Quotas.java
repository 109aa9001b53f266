package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.store.QuotaStore.Kind;
import dev.tern.store.QuotaStore.Resource;
import dev.tern.store.ServerStore.NewServer;
import dev.tern.store.ServerStore.Usage;
import jakarta.persistence.EntityManager;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Limits of projects, read and kept within the transaction under way. */
final class Quotas {
  private static final String DEFAULT_CLASS = "default";
  private static final Set<Resource> COUNTED =
      Set.of(Resource.CORES, Resource.INSTANCES, Resource.RAM);

  private final EntityManager entities;

  Quotas(EntityManager entities) {
    this.entities = entities;
  }

  Map<Resource, Long> set(Kind kind, String owner) {
    Map<Resource, Long> limits = new EnumMap<>(Resource.class);
    Map<String, Resource> known = known();
    entities
        .createQuery(
            "from QuotaEntity q where q.kind = :kind and q.owner = :owner", QuotaEntity.class)
        .setParameter("kind", kind)
        .setParameter("owner", owner)
        .getResultStream()
        .filter(quota -> known.containsKey(quota.resource))
        .forEach(quota ->
            limits.put(Objects.requireNonNull(known.get(quota.resource)), quota.hardLimit));
    return limits;
  }

  private static Map<String, Resource> known() {
    Map<String, Resource> known = new HashMap<>();
    for (Resource resource : Resource.values()) {
      known.put(resource.wire(), resource);
    }
    return known;
  }

  Map<Resource, Long> limits(String project, Map<Resource, Long> usual) {
    Map<Resource, Long> limits = new EnumMap<>(Resource.class);
    limits.putAll(usual);
    limits.putAll(set(Kind.QUOTA_CLASS, DEFAULT_CLASS));
    limits.putAll(set(Kind.PROJECT, project));
    return limits;
  }

  Usage usage(String project) {
    @Nullable ProjectUsageEntity usage = entities.find(ProjectUsageEntity.class, project);
    return usage == null ? new Usage(0, 0, 0) : usage.toUsage();
  }

  /** What the project has; nobody else adds to it or takes from it before this transaction ends. */
  Usage lockUsage(String project) {
    entities
        .createNativeQuery(
            "insert into project_usage (project) values (:project) on conflict do nothing")
        .setParameter("project", project)
        .executeUpdate();
    return ((ProjectUsageEntity)
            entities
                .createNativeQuery(
                    "select * from project_usage where project = :project for no key update",
                    ProjectUsageEntity.class)
                .setParameter("project", project)
                .getSingleResult())
        .toUsage();
  }

  /** The servers that fit into their project, which is locked if it has limits, and group. */
  List<NewServer> claim(List<NewServer> wanted, BootTerms terms) {
    if (wanted.isEmpty()) {
      return wanted;
    }
    String project = wanted.getFirst().project();
    Map<Resource, Long> usual = terms.usualLimits();
    Map<Resource, Long> limits = usual.isEmpty() ? usual : limits(project, usual);
    boolean limited = COUNTED.stream().anyMatch(each -> limits.getOrDefault(each, -1L) >= 0);
    List<NewServer> fitting =
        limited ? fitting(wanted, terms.least(), lockUsage(project), limits) : wanted;
    terms
        .group()
        .ifPresent(group ->
            new Groups(entities)
                .join(
                    group,
                    fitting.size(),
                    limits.getOrDefault(Resource.SERVER_GROUP_MEMBERS, QuotaStore.UNLIMITED)));
    return fitting;
  }

  /**
   * The servers that fit, of those wanted; all are of one project and flavor.
   *
   * @param least fewer are none
   * @throws ComputeException {@code QUOTA_EXCEEDED} in Nova's words when {@code least} do not fit
   */
  static List<NewServer> fitting(
      List<NewServer> wanted, int least, Usage used, Map<Resource, Long> limits) {
    NewServer one = wanted.getFirst();
    Over over = new Over(wanted.size(), least);
    long vcpus = one.flavor().vcpus();
    long memory = one.flavor().memoryMib();
    over.check(Resource.CORES, vcpus, used.vcpus(), limits);
    over.check(Resource.INSTANCES, 1, used.servers(), limits);
    over.check(Resource.RAM, memory, used.memoryMib(), limits);
    if (over.fit < Math.max(1, least)) {
      throw over.failure();
    }
    return wanted.subList(0, (int) over.fit);
  }

  /**
   * A server grows by so much; by less than nothing is nothing.
   *
   * @throws ComputeException {@code QUOTA_EXCEEDED} in Nova's words
   */
  void grow(String project, long vcpus, long memoryMib, Map<Resource, Long> usual) {
    if (usual.isEmpty() || (vcpus <= 0 && memoryMib <= 0)) {
      return;
    }
    requireRoom(vcpus, memoryMib, lockUsage(project), limits(project, usual));
  }

  /** What {@link #grow} says, of a project that has this. */
  static void requireRoom(long vcpus, long memoryMib, Usage used, Map<Resource, Long> limits) {
    Over over = new Over(1, 1);
    if (vcpus > 0) {
      over.check(Resource.CORES, vcpus, used.vcpus(), limits);
    }
    if (memoryMib > 0) {
      over.check(Resource.RAM, memoryMib, used.memoryMib(), limits);
    }
    if (over.fit < 1) {
      throw over.failure();
    }
  }

  /** What is too much, and how many would not be. */
  private static final class Over {
    private final int wanted;
    private final int least;
    private final List<String> names = new ArrayList<>();
    private final List<String> requested = new ArrayList<>();
    private final List<String> used = new ArrayList<>();
    private final List<String> allowed = new ArrayList<>();
    private long fit;

    Over(int wanted, int least) {
      this.wanted = wanted;
      this.least = least;
      this.fit = wanted;
    }

    void check(Resource resource, long each, long has, Map<Resource, Long> limits) {
      long most = limits.getOrDefault(resource, QuotaStore.UNLIMITED);
      if (most < 0 || has + each * wanted <= most) {
        return;
      }
      fit = Math.min(fit, Math.max(0, most - has) / each);
      names.add(resource.wire());
      boolean range = resource == Resource.INSTANCES && least != wanted;
      requested.add(range ? least + "-" + wanted : Long.toString(each * wanted));
      used.add(Long.toString(has));
      allowed.add(Long.toString(most));
    }

    ComputeException failure() {
      String over = String.join(", ", names);
      return new ComputeException(
          ErrorCode.QUOTA_EXCEEDED,
          "Quota exceeded for %s: Requested %s, but already used %s of %s %s"
              .formatted(
                  over,
                  String.join(", ", requested),
                  String.join(", ", used),
                  String.join(", ", allowed),
                  over),
          null);
    }
  }
}
