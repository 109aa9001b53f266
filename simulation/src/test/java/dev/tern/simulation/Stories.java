package dev.tern.simulation;

import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.VmState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** All servers of a run: they move at the same time, among the same hosts. */
final class Stories {
  private static final int MANY = 100;

  private final Simulation simulation;
  private final List<Story> all = new ArrayList<>();
  private boolean begun;
  private Optional<Duration> calmSince = Optional.empty();

  Stories(Simulation simulation, int many) {
    this.simulation = simulation;
    for (int number = 0; number < many; number++) {
      all.add(new Story(simulation, number));
    }
  }

  List<Story> all() {
    return all;
  }

  /** Every guest runs: from now on things may go wrong. */
  boolean begun() {
    return begun;
  }

  /** Guests run, one after the other: once all of them do, all are to move. */
  void began() {
    begun = all.stream().allMatch(Story::begun);
    if (begun) {
      all.forEach(Story::move);
    }
  }

  /** A server is not asked to move any more; when none is, nothing goes wrong any more. */
  void ended() {
    if (all.stream().allMatch(Story::over)) {
      simulation.turns().tell("---- nothing more is asked for");
      simulation.faults().end();
      calmSince = Optional.of(simulation.turns().now());
    }
  }

  /**
   * Since when nothing more is asked for, and everybody is up; empty before that.
   *
   * @param allUp whether everybody is up now; asked only once nothing more is asked for
   */
  Optional<Duration> calmSince(BooleanSupplier allUp) {
    if (calmSince.isPresent() && !allUp.getAsBoolean()) {
      calmSince = Optional.of(simulation.turns().now());
    }
    return calmSince;
  }

  /** Of all servers. */
  List<MigrationId> migrations() {
    return all.stream().flatMap(story -> story.migrations().stream()).toList();
  }

  /** A user wants a migration that runs now to end. */
  void abort() {
    (all.size() == 1 ? all.getFirst() : all.get(simulation.random().nextInt(all.size()))).abort();
  }

  /** The one whose files these are; empty when they are no server's. */
  Optional<Story> of(Path file) {
    return all.stream()
        .filter(story -> file.toString().contains(story.server().toString()))
        .findFirst();
  }

  /** The directories in which a guest should run, in order. */
  List<Path> homes() {
    return all.stream()
        .filter(story -> story.record().vmState() == VmState.ACTIVE)
        .map(story -> story.instance(story.owner()))
        .sorted()
        .toList();
  }

  boolean belongsOn(Host host, String file) {
    return all.stream().anyMatch(story -> story.owner().equals(host) && story.has(file));
  }

  boolean givenUpOn(Host host, String file) {
    return all.stream().anyMatch(story -> story.has(file) && story.leftTo(host));
  }

  /** Looked at after each claim. */
  void nothingPromisedTwice() {
    promisedTwice()
        .forEach(host -> simulation.violated("I5: more is claimed than there is on " + host));
  }

  /** Hosts of which more is promised to servers than they have. */
  List<HostName> promisedTwice() {
    long room = (long) simulation.plan().room() * Story.MEMORY_MIB;
    return simulation.hosts().stream()
        .map(Host::name)
        .filter(host ->
            simulation.stores().claims().on(host, Optional.empty(), MANY).stream()
                    .mapToLong(claim -> claim.share().memoryMib())
                    .sum()
                > room)
        .toList();
  }
}
