package dev.tern.bench;

import dev.tern.bench.Mover.Move;
import dev.tern.contract.Pause;
import dev.tern.standalone.demo.ConsoleTail;
import dev.tern.standalone.demo.GuestWatch;
import dev.tern.standalone.demo.GuestWatch.Sight;
import dev.tern.standalone.demo.Patience;
import dev.tern.virt.Guest;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.KernelBoot;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.VirtDriver.LaunchMode;
import dev.tern.virt.VirtException;
import dev.tern.virt.qemu.RamSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** One guest that is moved there and back, by whoever is asked to, and judged after each move. */
final class Ring implements AutoCloseable {
  private static final String SERVER = "6f1f2b9e-53b1-4d0e-9a53-0c8a2f7f6f02";
  private static final String KERNEL_ARGUMENTS =
      "console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off no_timer_check cryptomgr.notests"
          + " audit=0 rcupdate.rcu_expedited=1 ";
  private static final Duration BOOT = Duration.ofMinutes(1);
  private static final Duration LIFE = Duration.ofSeconds(30);
  private static final Duration REST = Duration.ofMillis(300);

  private final BenchCase what;
  private final Path work;
  private final Pause pause;
  private final Loopback loopback;
  private final GuestWatch watch = new GuestWatch();
  private final LaunchRecipe recipe;
  private final ConsoleTail consoles;
  private Host side;
  private Host other;
  private int moves;

  /** Boots the guest of a case; {@code kernel} is the directory of the built test guest. */
  Ring(BenchCase what, Path work, Path kernel, Loopback loopback, Pause pause)
      throws IOException, InterruptedException {
    this.what = what;
    this.work = work;
    this.pause = pause;
    this.loopback = loopback;
    this.side = Host.in(work, "a");
    this.other = Host.in(work, "b");
    clear(side);
    clear(other);
    this.recipe = recipe(kernel);
    Disks.createEmpty(side, recipe.localDisks());
    Disks.fill(side, recipe.localDisks(), what);
    this.consoles =
        new ConsoleTail(
            Map.of(side.name(), side.console(), other.name(), other.console()), watch, pause);
    try {
      launch(side, LaunchMode.RUN);
      new Patience(pause).untilTrue("the guest boots", BOOT, () -> Optional.of(atWork(0)));
    } catch (IOException | InterruptedException e) {
      close();
      throw e;
    }
  }

  private LaunchRecipe recipe(Path kernel) throws IOException {
    List<Host> hosts = List.of(side, other);
    try {
      var here = side.driver().capabilities();
      return new LaunchRecipe(
          LaunchRecipe.VERSION,
          SERVER,
          "bench",
          here.defaultMachineType(),
          here.accelerator(),
          here.accelerator().equals("kvm") ? "host" : "qemu64",
          1,
          RamSize.forGuest(what.memoryMib(), here.accelerator(), here.versionNumber()),
          Optional.of(
              new KernelBoot(
                  Disks.place(kernel.resolve("vmlinux"), hosts),
                  Optional.of(Disks.place(kernel.resolve("initrd.gz"), hosts)),
                  KERNEL_ARGUMENTS + what.guestWork())),
          List.copyOf(Disks.recipes(what, work, hosts)),
          List.of(),
          LaunchRecipe.USUAL_PORTS);
    } catch (VirtException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private void launch(Host host, LaunchMode mode) throws IOException {
    try (Guest guest = host.driver().launch(recipe, host.instance(), mode)) {
      guest.runState();
    } catch (VirtException e) {
      throw new IOException("QEMU does not start on " + host.name() + ": " + e.getMessage(), e);
    }
  }

  /** Connects to the QEMU of a host. */
  static Guest adopt(Host host) throws IOException, VirtException {
    return host.driver()
        .adopt(host.instance())
        .orElseThrow(() -> new IOException("There is no QEMU on " + host.name() + "."));
  }

  /** The guest beats, has checked its memory, and has written if it is to; since its last move. */
  private boolean atWork(long acknowledgedBefore) {
    Sight sight = watch.sight();
    return sight.lastHost().equals(Optional.of(side.name()))
        && sight.memoryChecksSinceSwitch() >= 2
        && (!what.writes() || sight.acknowledgements() > acknowledgedBefore);
  }

  /**
   * Moves the guest to the other host.
   *
   * @throws IOException when it did not get there; nothing more can be done with this ring
   */
  Sample move(Mover mover, int round) throws IOException, InterruptedException {
    List<LocalDisk> disks = recipe.localDisks();
    Host from = side;
    Host to = other;
    Disks.createEmpty(to, disks);
    launch(to, LaunchMode.INCOMING);
    long memory = new Monitor(from).touchedMemory(recipe.memoryKib() << 10);
    settle(from, disks);
    long allocated = Disks.allocated(from, disks);
    long wireBefore = loopback.bytes();
    Move move = mover.move(from, to, recipe, what);
    long wire = loopback.bytes() - wireBefore;
    moves++;
    side = to;
    other = from;
    List<String> wrong = judge(from, to);
    Sample sample =
        new Sample(
            mover.name(),
            round,
            move,
            watch.sight().switchGap(),
            wire,
            allocated + memory,
            allocated,
            Disks.allocated(to, disks),
            wrong);
    clear(from);
    return sample;
  }

  /**
   * What the bench did before is not the next mover's: neither its garbage in this JVM, nor what
   * the disk has still to write of the move before, for which a record of Tern's would wait.
   */
  private void settle(Host host, List<LocalDisk> disks) throws IOException, InterruptedException {
    Disks.flush(host, disks);
    System.gc();
    pause.of(REST);
  }

  private List<String> judge(Host from, Host to) throws IOException, InterruptedException {
    long acknowledged = watch.sight().acknowledgements();
    new Patience(pause)
        .untilTrue(
            "the guest goes on at its destination", LIFE, () -> Optional.of(atWork(acknowledged)));
    end(from);
    MoveProof proof = new MoveProof(what, watch);
    List<String> wrong = new ArrayList<>(proof.guest(from, to, moves));
    Monitor monitor = new Monitor(to);
    monitor.stop();
    wrong.addAll(proof.disks(from, to, recipe.localDisks(), work));
    monitor.cont();
    return wrong;
  }

  /** Ends what runs in a work directory, for a bench that is told to stop midway. */
  static void endAll(Path work) throws IOException {
    end(Host.in(work, "a"));
    end(Host.in(work, "b"));
  }

  private static void end(Host host) throws IOException {
    try {
      Optional<Guest> guest = host.driver().adopt(host.instance());
      if (guest.isPresent()) {
        guest.get().kill();
        guest.get().close();
      }
    } catch (VirtException e) {
      throw new IOException("QEMU does not end on " + host.name() + ": " + e.getMessage(), e);
    }
  }

  /** Ends what a former run left there and removes its files. */
  private static void clear(Host host) throws IOException {
    end(host);
    try (Stream<Path> files = Files.list(host.instance())) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @Override
  public void close() throws IOException {
    try {
      consoles.close();
    } finally {
      try {
        clear(side);
      } finally {
        clear(other);
      }
    }
  }
}
