package dev.tern.virt.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.virt.DiskImages.Expected;
import dev.tern.virt.DiskImages.ImageFacts;
import dev.tern.virt.DiskImages.Layer;
import dev.tern.virt.DiskImages.NewImage;
import dev.tern.virt.Guest;
import dev.tern.virt.Guest.Arrival;
import dev.tern.virt.Guest.HandOver;
import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.Guest.IncomingRequest;
import dev.tern.virt.Guest.MemoryTarget;
import dev.tern.virt.Guest.MirrorTarget;
import dev.tern.virt.Guest.MoveProgress;
import dev.tern.virt.Guest.Sync;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.LaunchRecipe.LayerRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.MoveOptions;
import dev.tern.virt.MovePolicy;
import dev.tern.virt.RecipeFiles;
import dev.tern.virt.Steering;
import dev.tern.virt.VirtDriver.LaunchMode;
import dev.tern.virt.VirtException;
import dev.tern.virt.disk.Tool;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Two hosts and what the tests of disks do with them. */
final class TwoDiskHosts {
  static final int MIB = 1 << 20;
  static final long DISK = 16L * MIB;
  static final Duration SOON = Duration.ofSeconds(60);

  /**
   * Blocks from 8 MiB on; the markers lie below. Seldom: a block that is written again while its
   * disk is copied is sent again.
   */
  private static final String WRITER = "tern.write=10,64,2048";

  final Path temporary;
  final TestHost here;
  final TestHost there;
  private final List<Guest> guests = new ArrayList<>();
  private final List<NbdVolume> volumes = new ArrayList<>();

  TwoDiskHosts(Path temporary) throws Exception {
    this.temporary = temporary;
    this.here = new TestHost(temporary.resolve("a"));
    this.there = new TestHost(temporary.resolve("b"));
  }

  void end() throws Exception {
    for (Guest guest : guests) {
      TestHost.end(guest);
    }
    for (NbdVolume volume : volumes) {
      volume.end();
    }
  }

  /** base (A at 1 MiB) ← snapshot (B at 2 MiB) ← top (C at 3 MiB). */
  LocalDisk chain(TestHost host) throws Exception {
    Path base = temporary.resolve("base.raw");
    try (RandomAccessFile raw = new RandomAccessFile(base.toFile(), "rw")) {
      raw.setLength(DISK);
    }
    io("raw", base, "write -P 0x41 1M 64k");
    LayerRecipe first = layer(host, base, "raw");
    Path snapshot = temporary.resolve("snapshot.qcow2");
    host.driver
        .images()
        .create(
            snapshot,
            new NewImage(
                "qcow2",
                DISK,
                RecipeFiles.layers(List.of(first), host.bases),
                Optional.empty(),
                Optional.empty()));
    io("qcow2", snapshot, "write -P 0x42 2M 64k");
    LayerRecipe second = layer(host, snapshot, "qcow2");
    return new LocalDisk("disk0", "disk0.qcow2", "qcow2", DISK, List.of(second, first), false);
  }

  static LayerRecipe layer(TestHost host, Path file, String format) {
    return new LayerRecipe(host.addBase(file), format, false);
  }

  /** What is left of a move; both QEMUs have ended. */
  record Move(
      Path source,
      Path destination,
      List<MoveProgress> progress,
      long wireBytes,
      List<String> disksThere,
      List<String> commandLines) {
    long diskBytes() {
      return progress.stream().mapToLong(MoveProgress::diskTotal).max().orElse(0);
    }
  }

  Move move(LaunchRecipe recipe, LaunchRecipe arriving, Map<String, Sync> disks) throws Exception {
    Path source = here.instance("s");
    Path destination = there.instance("s");
    if (!Files.exists(source.resolve("disk0.qcow2"))
        && !Files.exists(source.resolve("disk0.raw"))) {
      here.createDisks(recipe, source);
      mark(recipe, source);
    }
    there.createDisks(arriving, destination);
    Guest s = launch(here, recipe, source, LaunchMode.RUN);
    TestHost.awaitConsole(source, "\nA ", SOON);
    Guest d = launch(there, arriving, destination, LaunchMode.INCOMING);
    CompletableFuture<Arrival> arrival = new CompletableFuture<>();
    d.watchArrival(() -> {}, false, arrival::complete);
    Map<String, String> exports = new HashMap<>();
    disks.keySet().forEach(disk -> exports.put(disk, "export-of-" + disk));
    IncomingEndpoints to =
        d.openIncoming(
            new IncomingRequest(
                "127.0.0.1",
                TestHost.freePort(),
                0,
                exports,
                MoveOptions.PLAIN,
                Optional.of(TestHost.KEY),
                true));
    List<MoveProgress> progress = new ArrayList<>();
    Steering steering =
        new Steering(
            MovePolicy.usual(Duration.ofMillis(300), Duration.ofMinutes(2)),
            MoveOptions.PLAIN,
            false);
    List<String> commandLines = List.of(commandLine(s), commandLine(d));
    try (WireTap tap = new WireTap(to.nbdPort())) {
      List<MirrorTarget> targets =
          disks.entrySet().stream()
              .map(disk ->
                  new MirrorTarget(
                      disk.getKey(),
                      "127.0.0.1",
                      tap.port(),
                      "export-of-" + disk.getKey(),
                      disk.getValue(),
                      Optional.of(TestHost.KEY)))
              .toList();
      s.mirrorDisks(targets, steering, progress::add);
      long wire = tap.bytes();
      HandOver handOver =
          s.handOver(
              new MemoryTarget(
                  to.address(), to.migrationPort(), Optional.of(TestHost.KEY), to.suppressVmdesc()),
              steering,
              false,
              () -> {},
              progress::add);
      assertThat(handOver).isInstanceOf(HandOver.Sent.class);
      assertThat(arrival.get(30, TimeUnit.SECONDS)).isInstanceOf(Arrival.Running.class);
      TestHost.awaitConsole(destination, "\nA ", SOON);
      assertThat(TestHost.console(destination))
          .doesNotContain("R ready", "R LOST", "R CORRUPT", "R EIO");
      List<String> disksThere = d.disks().stream().map(Guest.DiskState::diskId).toList();
      d.shutDown(SOON);
      s.kill();
      return new Move(source, destination, progress, wire, disksThere, commandLines);
    }
  }

  private void mark(LaunchRecipe recipe, Path instance) throws Exception {
    for (LocalDisk disk : recipe.localDisks()) {
      if (!disk.layers().isEmpty()) {
        io("qcow2", instance.resolve(disk.file()), "write -P 0x43 3M 64k");
      }
    }
  }

  private static String commandLine(Guest guest) throws Exception {
    return Files.readString(Path.of("/proc/%d/cmdline".formatted(guest.pid())));
  }

  LaunchRecipe withDisks(DiskRecipe... disks) throws Exception {
    var _ = there.recipe(WRITER, 96, "qcow2"); // places kernel and initramfs
    return here.recipe(WRITER, 96, "qcow2").withDisks(List.of(disks));
  }

  /** As another host's agent would have fetched or received them. */
  void copyBases() throws Exception {
    try (var files = Files.list(here.bases)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        there.addBase(file);
      }
    }
  }

  NbdVolume volume(long bytes) throws Exception {
    NbdVolume volume = NbdVolume.serve(temporary.resolve("volume.raw"), bytes);
    volumes.add(volume);
    return volume;
  }

  Guest launch(TestHost host, LaunchRecipe recipe, Path instance, LaunchMode mode)
      throws Exception {
    Guest guest = host.driver.launch(recipe, instance, mode);
    guests.add(guest);
    return guest;
  }

  static ImageFacts facts(TestHost host, LaunchRecipe recipe, Path instance) throws Exception {
    LocalDisk disk = recipe.localDisks().getFirst();
    return host.driver
        .images()
        .inspect(instance.resolve(disk.file()), RecipeFiles.expected(disk, host.bases));
  }

  /** 64 KiB of the pattern at so many MiB, read through the chain the recipe says. */
  void assertMarked(TestHost host, LocalDisk disk, Path file, int mib, char pattern)
      throws Exception {
    Expected chain = RecipeFiles.expected(disk, host.bases);
    StringBuilder options =
        new StringBuilder("driver=%s,file.filename=%s".formatted(disk.format(), file));
    String prefix = "";
    for (Layer layer : chain.layers()) {
      prefix += "backing.";
      options.append(
          ",%sdriver=%s,%sfile.filename=%s"
              .formatted(prefix, layer.format(), prefix, layer.file()));
    }
    Path flat = Files.createTempFile(temporary, "flat", ".raw");
    run("qemu-img", "convert", "--image-opts", options.toString(), "-O", "raw", flat.toString());
    byte[] found = new byte[64 << 10];
    try (RandomAccessFile raw = new RandomAccessFile(flat.toFile(), "r")) {
      raw.seek((long) mib * MIB);
      raw.readFully(found);
    }
    byte[] wanted = new byte[64 << 10];
    Arrays.fill(wanted, (byte) pattern);
    assertThat(found).isEqualTo(wanted);
  }

  static void io(String format, Path file, String command) throws Exception {
    run("qemu-io", "-f", format, "-c", command, file.toString());
  }

  static void run(String... command) throws VirtException {
    var _ = Tool.run(List.of(command), Path.of("/tmp"), Duration.ofSeconds(60));
  }
}
