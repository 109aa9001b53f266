package dev.tern.simulation;

import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.VmState;
import dev.tern.store.ClaimStore.ClaimRecord;
import dev.tern.store.FenceStore.FenceRecord;
import dev.tern.store.FenceStore.Outcome;
import dev.tern.store.FenceStore.Runs;
import dev.tern.store.MigrationStore.MigrationRecord;
import dev.tern.store.ReceiptStore.HostReceipt;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.virt.MigrationObjects;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What must hold once nothing is asked for any more and nothing goes wrong any more. */
final class AtTheEnd {
  /** What a host keeps for longer than a migration. */
  private static final Set<String> STAYS =
      Set.of("_base", "proofs", "unused", "agent.lock", "secrets");

  private final Simulation simulation;
  private final List<Swept> all;
  private final List<String> wrong = new ArrayList<>();

  AtTheEnd(Simulation simulation) {
    this.simulation = simulation;
    this.all = all(simulation);
  }

  /** One object that a sweeper took back. */
  private record Swept(MigrationId of, HostName by, String what) {}

  /** Empty when all is well. */
  List<String> wrong() {
    if (!simulation.stories().begun()) {
      return List.of("the story did not begin");
    }
    everyMigrationEnded();
    if (wrong.isEmpty()) {
      guests();
      simulation.stories().all().forEach(this::atHome);
      simulation.stories().all().forEach(this::claims);
      simulation.migrations().forEach(this::givenUp);
      simulation
          .stories()
          .promisedTwice()
          .forEach(host -> wrong.add("I5: more is claimed than there is on " + host));
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
    simulation
        .stores()
        .fences()
        .owing(10)
        .forEach(fence -> wrong.add("I6: a fenced host is not told: " + fence));
    for (Story story : simulation.stories().all()) {
      story.record().task().ifPresent(task -> wrong.add("I6: the server is busy with " + task));
    }
  }

  /** Each where its server is, and nowhere else. */
  private void guests() {
    List<Path> expected = simulation.stories().homes();
    List<Path> guests = simulation.qemus().runners();
    if (!guests.equals(expected)) {
      wrong.add("I3: guests should run in %s, and run in %s".formatted(expected, guests));
    }
    if (!simulation.qemus().running().equals(expected)) {
      wrong.add("I5: QEMUs are left: " + simulation.qemus().running());
    }
  }

  private void atHome(Story story) {
    ServerRecord server = story.record();
    Path home = story.instance(story.owner());
    if (server.vmState() != VmState.ACTIVE && !simulation.faults().mayBeDead(story.server())) {
      wrong.add("I4: the server is %s, and no QEMU had died".formatted(server.vmState()));
    }
    if (simulation.files().below(home).isEmpty()) {
      wrong.add("I2: the server's disks are gone from its owner " + story.owner().name());
    }
    simulation
        .qemus()
        .objectsAt(home)
        .filter(left -> !nothingButDisks(left))
        .ifPresent(left -> wrong.add("I5: a migration's objects are left in QEMU: " + left));
    for (MigrationId id : story.migrations()) {
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

  private void claims(Story story) {
    HostName owner = story.owner().name();
    List<HostName> held =
        simulation.stores().claims().of(story.server()).stream().map(ClaimRecord::host).toList();
    if (!held.equals(List.of(owner))) {
      wrong.add("I5: claims on %s, the owner is %s".formatted(held, owner));
    }
    if (story.migrations().isEmpty()) {
      return;
    }
    MigrationRecord last = simulation.migration(story.migrations().getLast());
    if (last.status() == MigrationStatus.COMPLETED
        && !last.destination().equals(Optional.of(owner))) {
      wrong.add("I3: it moved to %s, and the owner is %s".formatted(last.destination(), owner));
    }
  }

  private void leftOn(Host host) {
    Map<String, Integer> all = simulation.files().below(host.data());
    List<String> left = new ArrayList<>();
    all.forEach((file, size) -> {
      String top = file.contains("/") ? file.substring(0, file.indexOf('/')) : file;
      boolean emptyTop = size < 0 && !file.contains("/");
      boolean atHome = simulation.stories().belongsOn(host, file);
      boolean givenUp = simulation.stories().givenUpOn(host, file);
      boolean kept = isKept(host.data().resolve(file));
      if (!emptyTop && !atHome && !givenUp && !kept && !STAYS.contains(top)) {
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

  /** What had come of disks when their source was given up: nobody removes that. */
  private boolean isKept(Path file) {
    return simulation.migrations().stream()
        .flatMap(id -> kept(id).stream())
        .anyMatch(file::startsWith);
  }

  private Optional<Path> kept(MigrationId id) {
    return simulation
        .stores()
        .fences()
        .of(id)
        .flatMap(FenceRecord::kept)
        .map(simulation.files()::getPath);
  }

  /** Its source is back: the server is there as if nobody had stated anything. */
  private void givenUp(MigrationId id) {
    Optional<FenceRecord> lost =
        simulation
            .stores()
            .fences()
            .of(id)
            .filter(fence -> fence.runs() == Runs.NOWHERE && fence.reliedOnAt().isPresent());
    if (lost.isEmpty()) {
      return;
    }
    MigrationRecord migration = simulation.migration(id);
    if (migration.status() != MigrationStatus.ERROR) {
      wrong.add("I4: a migration was given up and is " + migration.status());
    }
    if (!lost.get().outcome().equals(Optional.of(Outcome.RETURNED))) {
      wrong.add("I3: a guest was given up, and its host is back: " + lost.get().outcome());
    }
    if (kept(id).filter(copy -> simulation.files().below(copy).isEmpty()).isPresent()) {
      wrong.add("I2: what was kept of a guest that was given up is gone: " + lost.get().kept());
    }
    for (Story story : simulation.stories().all()) {
      boolean of = story.server().equals(migration.server());
      if (of && story.record().vmState() == VmState.ERROR) {
        wrong.add("I3: the server's host has it again, and it is in error still");
      }
    }
  }

  /** What is taken back as it should be leaves nothing to sweep. */
  private void nothingSwept() {
    List<String> swept =
        all.stream()
            .filter(one ->
                !simulation.passedBy(one.of(), one.by()) && !simulation.fenced(one.of(), one.by()))
            .map(one -> one.by() + " " + one.what())
            .toList();
    if (!swept.isEmpty() && !simulation.requestsCameAgain()) {
      wrong.add("I5: swept, and no request had come again: " + swept);
    }
  }

  /** How much a sweeper took back. */
  int swept() {
    return all.size();
  }

  private static List<Swept> all(Simulation simulation) {
    List<Swept> all = new ArrayList<>();
    for (MigrationId id : simulation.migrations()) {
      for (HostReceipt part : simulation.stores().receipts().of(id)) {
        part.receipt().entries().stream()
            .filter(entry -> entry.why().isPresent())
            .forEach(entry -> all.add(new Swept(id, part.host(), entry.name())));
      }
    }
    return all;
  }
}
