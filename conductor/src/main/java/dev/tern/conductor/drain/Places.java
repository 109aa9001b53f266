package dev.tern.conductor.drain;

import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.host.HostReport;
import dev.tern.store.HostStore.HostRecord;
import dev.tern.store.PlacementRules.Group;
import dev.tern.store.ServerGroupStore.Policy;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * Where servers could go, server after server: who is placed takes room from the next. It looks at
 * what the database knows; the scheduler, the claim and both agents have the last word when a
 * migration begins.
 */
final class Places {
  private final List<HostRecord> hosts;
  private final HostName source;
  private final Optional<HostRecord> sourceRecord;
  private final Set<HostName> targets;
  private final boolean tight;
  private final Map<HostName, Resources> taken = new HashMap<>();
  private final Map<UUID, Map<HostName, Integer>> members = new HashMap<>();

  /**
   * Nobody is placed yet.
   *
   * @param targets the only ones allowed; empty for all
   * @param tight fills hosts up, instead of taking the emptiest
   */
  Places(List<HostRecord> hosts, HostName source, Set<HostName> targets, boolean tight) {
    this.hosts = List.copyOf(hosts);
    this.source = source;
    this.targets = Set.copyOf(targets);
    this.tight = tight;
    this.sourceRecord =
        hosts.stream().filter(host -> host.report().host().equals(source)).findFirst();
  }

  Places filledUp() {
    return new Places(hosts, source, targets, true);
  }

  /** Why a host does not take a server, and what would change that. */
  record Refusal(String why, String remedy) {}

  /** A host for a server, which has room there from now on; or why there is none. */
  sealed interface Answer {
    record On(HostName host) implements Answer {}

    record Nowhere(Map<HostName, Refusal> refusals) implements Answer {
      /** In one sentence. */
      String why() {
        return refusals.isEmpty()
            ? "There is no other host."
            : String.join(" ", refusals.values().stream().map(Refusal::why).toList());
      }
    }
  }

  /**
   * Places a server.
   *
   * @param preferred taken when it will do
   * @param avoided taken only when no other will do
   */
  Answer place(Guest guest, Optional<HostName> preferred, Set<HostName> avoided) {
    Map<HostName, Refusal> refusals = new LinkedHashMap<>();
    Comparator<HostRecord> byRoom = Comparator.comparingLong(host -> free(host).memoryMib());
    Optional<HostRecord> best =
        hosts.stream()
            .filter(host -> !name(host).equals(source))
            .filter(host -> {
              Optional<Refusal> refusal = refusal(host, guest);
              refusal.ifPresent(why -> refusals.put(name(host), why));
              return refusal.isEmpty();
            })
            .min(
                Comparator.comparing((HostRecord host) -> avoided.contains(name(host)))
                    .thenComparing(host -> !preferred.equals(Optional.of(name(host))))
                    .thenComparing(tight ? byRoom : byRoom.reversed())
                    .thenComparing(host -> name(host).value()));
    if (best.isEmpty()) {
      return new Answer.Nowhere(refusals);
    }
    take(name(best.get()), guest);
    return new Answer.On(name(best.get()));
  }

  /** Room and group of a host are a server's from now on. */
  void take(HostName host, Guest guest) {
    taken.merge(host, guest.needs(), Places::plus);
    guest
        .rules()
        .group()
        .ifPresent(group ->
            members.computeIfAbsent(group.id(), _ -> new HashMap<>()).merge(host, 1, Integer::sum));
  }

  /** Whether a host takes servers at all. */
  boolean open(HostName name) {
    return hosts.stream()
        .filter(host -> name(host).equals(name))
        .findFirst()
        .filter(host -> closed(host).isEmpty())
        .isPresent();
  }

  private Optional<Refusal> refusal(HostRecord host, Guest guest) {
    HostName name = name(host);
    return closed(host)
        .or(() -> unlike(host))
        .or(() -> rules(name, guest))
        .or(() -> room(host, guest));
  }

  private Optional<Refusal> closed(HostRecord host) {
    HostName name = name(host);
    if (!targets.isEmpty() && !targets.contains(name)) {
      return refused("%s is not one of the targets.", name, "name %s as a target", name);
    }
    if (!host.up() || host.forcedDown()) {
      return refused("%s is down.", name, "wait for %s to come up", name);
    }
    if (host.disabled()) {
      return Optional.of(
          new Refusal(
              "%s is disabled (%s)."
                  .formatted(name, host.disabledReason().orElse("no reason given")),
              "enable %s, or wait until it is".formatted(name)));
    }
    return Optional.empty();
  }

  private static Optional<Refusal> refused(
      String why, HostName name, String remedy, HostName other) {
    return Optional.of(new Refusal(why.formatted(name), remedy.formatted(other)));
  }

  private Optional<Refusal> unlike(HostRecord host) {
    HostReport there = host.report();
    if (!there.missingFeatures().isEmpty()) {
      return Optional.of(
          new Refusal(
              "%s lacks %s of QEMU, which migrations need."
                  .formatted(there.host(), String.join(", ", there.missingFeatures())),
              "upgrade QEMU on " + there.host()));
    }
    if (sourceRecord.isEmpty()) {
      return Optional.empty();
    }
    HostReport here = sourceRecord.get().report();
    if (!there.accelerator().equals(here.accelerator())
        || !there.hypervisorType().equals(here.hypervisorType())) {
      return Optional.of(
          new Refusal(
              "%s runs guests with %s, not %s."
                  .formatted(there.host(), there.accelerator(), here.accelerator()),
              "add a host that is like " + here.host()));
    }
    if (there.hypervisorVersion() < here.hypervisorVersion()) {
      return Optional.of(
          new Refusal(
              "%s has QEMU %s, older than %s."
                  .formatted(
                      there.host(), there.hypervisorVersionText(), here.hypervisorVersionText()),
              "upgrade QEMU on " + there.host()));
    }
    return Optional.empty();
  }

  private Optional<Refusal> rules(HostName host, Guest guest) {
    return guest
        .rules()
        .refusal(host, guest.id())
        .or(() -> guest.rules().group().flatMap(group -> crowded(group, host)))
        .map(why -> new Refusal(why, "relax: " + why));
  }

  /** With those that this plan has placed before. */
  private Optional<String> crowded(Group group, HostName host) {
    int placed = members.getOrDefault(group.id(), Map.of()).getOrDefault(host, 0);
    int there = group.others().getOrDefault(host, 0) + placed;
    return placed > 0 && group.policy() == Policy.ANTI_AFFINITY && there >= group.mostPerHost()
        ? Optional.of(
            "Server group %s has policy anti-affinity, and another of its members goes to %s."
                .formatted(group.id(), host))
        : Optional.empty();
  }

  private Optional<Refusal> room(HostRecord host, Guest guest) {
    Resources free = free(host);
    Resources needs = guest.needs();
    if (needs.memoryMib() > free.memoryMib()) {
      return Optional.of(
          new Refusal(
              "%s has %d MiB of memory free, and %d MiB are needed."
                  .formatted(name(host), Math.max(0, free.memoryMib()), needs.memoryMib()),
              "free %d MiB of memory on %s"
                  .formatted(needs.memoryMib() - Math.max(0, free.memoryMib()), name(host))));
    }
    if (needs.diskBytes() > free.diskBytes()) {
      return Optional.of(
          new Refusal(
              "%s has %d MiB of disk free, and %d MiB are needed."
                  .formatted(name(host), free.diskBytes() >> 20, needs.diskBytes() >> 20),
              "free %d MiB of disk on %s"
                  .formatted((needs.diskBytes() - free.diskBytes()) >> 20, name(host))));
    }
    return Optional.empty();
  }

  private Resources free(HostRecord host) {
    Resources plan = taken.getOrDefault(name(host), new Resources(0, 0, 0));
    long memory = host.report().memoryMib() - host.claimed().memoryMib() - plan.memoryMib();
    long disk = host.report().diskTotalBytes() - host.claimed().diskBytes() - plan.diskBytes();
    return new Resources(0, Math.max(0, memory), Math.max(0, disk));
  }

  private static Resources plus(Resources a, Resources b) {
    return new Resources(
        a.vcpus() + b.vcpus(), a.memoryMib() + b.memoryMib(), a.diskBytes() + b.diskBytes());
  }

  private static HostName name(HostRecord host) {
    return host.report().host();
  }
}
