package dev.tern.simulation;

import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.VmState;
import dev.tern.store.ClaimStore.ClaimRecord;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.virt.MigrationObjects;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.stream.Stream;

/** What must hold once nothing is asked for any more and nothing goes wrong any more. */
final class AtTheEnd {
  /** What a host keeps for longer than a migration. */
  private static final Set<String> STAYS =
      Set.of("_base", "proofs", "unused", "agent.lock", "secrets");

  private final Simulation simulation;
  private final List<String> wrong = new ArrayList<>();

  AtTheEnd(Simulation simulation) {
    this.simulation = simulation;
  }

  /** Empty when all is well. */
  List<String> wrong() {
    if (!simulation.begun()) {
      return List.of("the story did not begin");
    }
    everyMigrationEnded();
    if (wrong.isEmpty()) {
      ownerAndReality();
      claims();
      simulation.hosts().forEach(this::leftOn);
      nothingSwept();
    }
    return wrong;
  }

  private void everyMigrationEnded() {
    for (MigrationId id : simulation.migrations()) {
      MigrationRecord migration = simulation.migration(id);
      if (!migration.status().terminal()) {
        wrong.add(
            "I6: migration %s is %s still%s: %s"
                .formatted(
                    migration.number(),
                    migration.status(),
                    migration.inDoubt() ? ", in doubt" : "",
                    simulation.stores().sagas().log(migration.saga()).getLast()));
      }
    }
    if (simulation.server().task().isPresent()) {
      wrong.add("I6: the server is busy with " + simulation.server().task().get());
    }
  }

  private Host owner() {
    HostName name = simulation.server().host().orElseThrow();
    return simulation.hosts().stream()
        .filter(host -> host.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private void ownerAndReality() {
    ServerRecord server = simulation.server();
    List<Path> guests = simulation.qemus().runners();
    Path home = simulation.instance(owner());
    List<Path> expected = server.vmState() == VmState.ACTIVE ? List.of(home) : List.of();
    if (!guests.equals(expected)) {
      wrong.add(
          "I3: the server is %s on %s, and guests run in %s"
              .formatted(server.vmState(), owner().name(), guests));
    }
    if (server.vmState() != VmState.ACTIVE && !simulation.guestMayBeDead()) {
      wrong.add("I4: the server is %s, and no QEMU had died".formatted(server.vmState()));
    }
    if (!simulation.qemus().running().equals(expected)) {
      wrong.add("I5: QEMUs are left: " + simulation.qemus().running());
    }
    if (simulation.files().below(home).isEmpty()) {
      wrong.add("I2: the server's disks are gone from its owner " + owner().name());
    }
    simulation
        .qemus()
        .objectsAt(home)
        .filter(left -> !nothingButDisks(left))
        .ifPresent(left -> wrong.add("I5: a migration's objects are left in QEMU: " + left));
    for (MigrationId id : simulation.migrations()) {
      MigrationRecord migration = simulation.migration(id);
      if (migration.status() != MigrationStatus.COMPLETED && migration.failure().isEmpty()) {
        wrong.add("I4: migration %d has no cause".formatted(migration.number()));
      }
    }
  }

  private static boolean nothingButDisks(MigrationObjects left) {
    return left.exports().isEmpty()
        && left.ports().isEmpty()
        && left.keys().isEmpty()
        && left.nodes().equals(Set.of("disk0"));
  }

  private void claims() {
    List<HostName> held =
        simulation.stores().claims().of(Simulation.SERVER).stream().map(ClaimRecord::host).toList();
    if (!held.equals(List.of(owner().name()))) {
      wrong.add("I5: claims on %s, the owner is %s".formatted(held, owner().name()));
    }
    Optional<HostName> last =
        simulation.migrations().isEmpty()
            ? Optional.empty()
            : simulation.migration(simulation.migrations().getLast()).destination();
    MigrationStatus status = simulation.migration(simulation.migrations().getLast()).status();
    if (status == MigrationStatus.COMPLETED && !last.equals(Optional.of(owner().name()))) {
      wrong.add("I3: it moved to %s, and the owner is %s".formatted(last, owner().name()));
    }
  }

  private void leftOn(Host host) {
    Map<String, Integer> all = simulation.files().below(host.data());
    List<String> left = new ArrayList<>();
    boolean home = host.equals(owner());
    all.forEach((file, size) -> {
      String top = file.contains("/") ? file.substring(0, file.indexOf('/')) : file;
      boolean emptyTop = size < 0 && !file.contains("/");
      boolean atHome = home && file.startsWith("instances/" + Simulation.SERVER + "/");
      if (!emptyTop && !atHome && !STAYS.contains(top)) {
        left.add(file);
      }
      if (atHome && (file.endsWith(".new") || file.contains("tls") || file.contains("move"))) {
        left.add(file);
      }
    });
    if (!left.isEmpty()) {
      wrong.add("I5: left on %s: %s".formatted(host.name(), left));
    }
  }

  /** What is taken back as it should be leaves nothing to sweep. */
  private void nothingSwept() {
    List<String> swept = swept(simulation, (id, host) -> !simulation.passedBy(id, host)).toList();
    if (!swept.isEmpty() && !simulation.requestsCameAgain()) {
      wrong.add("I5: swept, and no request had come again: " + swept);
    }
  }

  /** Everything that a sweeper took back. */
  static int swept(Simulation simulation) {
    return (int) swept(simulation, (_, _) -> true).count();
  }

  private static Stream<String> swept(
      Simulation simulation, BiPredicate<MigrationId, HostName> where) {
    return simulation.migrations().stream()
        .flatMap(id ->
            simulation.stores().receipts().of(id).stream()
                .filter(part -> where.test(id, part.host())))
        .flatMap(part ->
            part.receipt().entries().stream()
                .filter(entry -> entry.why().isPresent())
                .map(entry -> part.host() + " " + entry.name()));
  }
}
