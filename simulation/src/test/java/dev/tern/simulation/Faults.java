package dev.tern.simulation;

import dev.tern.contract.ServerId;
import dev.tern.simulation.Turns.Effect;
import dev.tern.virt.Guest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Does what the plan says, when it says so, and counts what could have been disturbed. */
final class Faults {
  private static final int LONGEST_POWER = 17;
  private static final int LONGEST_DARK_POWER = 22;

  private final List<Fault> left;
  private final Simulation simulation;
  private final Map<String, Integer> seen = new HashMap<>();
  private boolean over;
  private int hit;
  private final Set<String> died = new HashSet<>();

  Faults(List<Fault> planned, Simulation simulation) {
    this.left = new ArrayList<>(planned);
    this.simulation = simulation;
  }

  /** Nothing goes wrong any more, and what is broken is mended. */
  void end() {
    over = true;
    simulation.net().calm();
    simulation.course().linked(true);
  }

  Map<String, Integer> seen() {
    return seen;
  }

  int hit() {
    return hit;
  }

  /** A QEMU that ran the server's guest was killed, so the guest may be dead. */
  boolean mayBeDead(ServerId server) {
    return died.contains(server.toString());
  }

  Fault.Kind at(Effect effect) {
    if (over || !simulation.stories().begun()) {
      return Fault.Kind.NONE;
    }
    String label = effect.label();
    int nth = seen.merge(label, 1, Integer::sum);
    if (left.isEmpty()) {
      return Fault.Kind.NONE;
    }
    Fault.Kind mine = Fault.Kind.NONE;
    for (Fault fault : List.copyOf(left)) {
      if (fault.nth() == nth && fault.label().equals(label)) {
        left.remove(fault);
        hit++;
        simulation.turns().tell("**** " + fault);
        happens(fault.kind(), effect.party());
        mine = fault.kind();
      }
    }
    return mine;
  }

  private void happens(Fault.Kind kind, Party acting) {
    switch (kind) {
      // Whoever acts does it to himself.
      case NONE, DISK_FULL, DATABASE_FAILS, COMMIT_UNHEARD, MONITOR_SILENT, LOST -> {}
      case TORN -> kills(acting, false);
      case DIES -> kills(acting, true);
      case RUNNER_DIES -> qemuDies(true);
      case COPY_DIES -> qemuDies(false);
      case LINK_BREAKS -> linkBreaks();
      case SILENCE -> silence();
      case COMES_AGAIN -> simulation.net().comesAgain();
      case POWER_LOST -> losesPower();
      case ABORT -> simulation.stories().abort();
      case ALL_DIE -> {
        simulation.hosts().forEach(Host::die);
        simulation.conductors().forEach(Conductor::die);
      }
    }
  }

  /** Who writes half of something dies only when it has; see {@link Disk#torn}. */
  private void kills(Party acting, boolean now) {
    simulation.hosts().stream()
        .filter(host -> host.is(acting))
        .forEach(host -> {
          if (now) {
            host.die();
          } else {
            simulation.turns().after(Duration.ZERO, host::diesIfTorn);
          }
        });
    simulation.conductors().stream()
        .filter(conductor -> now && conductor.is(acting))
        .forEach(Conductor::die);
  }

  private void qemuDies(boolean runner) {
    List<Path> running = simulation.qemus().runners();
    List<Path> all = new ArrayList<>(simulation.qemus().running());
    all.removeIf(path -> running.contains(path) != runner);
    if (!all.isEmpty()) {
      Path one = all.get(simulation.random().nextInt(all.size()));
      simulation.turns().tell("the QEMU of " + one.getName(0) + " dies");
      kill(one);
    }
  }

  private void kill(Path qemu) {
    if (!simulation.qemus().stateAt(qemu).equals(Optional.of(Guest.RunState.INCOMING))) {
      died.add(qemu.getFileName().toString());
    }
    simulation.qemus().kill(qemu);
  }

  private void losesPower() {
    List<Host> hosts = simulation.hosts();
    Host one = hosts.get(simulation.random().nextInt(hosts.size()));
    for (Path qemu : List.copyOf(simulation.qemus().running())) {
      if (qemu.startsWith(one.data())) {
        kill(qemu);
      }
    }
    one.losePower(a(LONGEST_DARK_POWER));
    simulation.operator().watch(one);
  }

  private void linkBreaks() {
    simulation.course().linked(false);
    simulation.qemus().linkBroke();
    simulation.turns().after(a(LONGEST_POWER), () -> simulation.course().linked(true));
  }

  private void silence() {
    List<Host> hosts = simulation.hosts();
    Host one = hosts.get(simulation.random().nextInt(hosts.size()));
    simulation.net().silence(one.name(), a(LONGEST_POWER));
  }

  private Duration a(int power) {
    return Duration.ofMillis(1L << simulation.random().nextInt(power));
  }
}
