package dev.tern.virt.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.virt.DiskImages.ImageFacts;
import dev.tern.virt.Guest;
import dev.tern.virt.Guest.Sync;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LayerRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.LaunchRecipe.NetworkDisk;
import dev.tern.virt.LaunchRecipe.ReadOnlyDisk;
import dev.tern.virt.VirtDriver.LaunchMode;
import dev.tern.virt.disk.Tool;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A guest with disks of every kind, on real QEMUs,")
class DisksQemuTest {
  /** Eight clusters. */
  private static final long TABLES = 8 * 65_536;

  @TempDir Path temporary;
  private TwoDiskHosts hosts;

  @BeforeEach
  void twoHosts() throws Exception {
    hosts = new TwoDiskHosts(temporary);
  }

  @AfterEach
  void endAll() throws Exception {
    hosts.end();
  }

  // ---- layers

  @ParameterizedTest
  @EnumSource(Sync.class)
  @Tag("S50")
  @Tag("S40")
  @Tag("S28")
  @Tag("S39")
  @Tag("S82")
  void moves_with_a_chain_of_three_and_finds_the_marks_of_all_layers(Sync sync) throws Exception {
    LaunchRecipe recipe = hosts.withDisks(hosts.chain(hosts.here));
    LaunchRecipe arriving =
        switch (sync) {
          case FULL -> recipe.withDisks(List.of(recipe.localDisks().getFirst().on(List.of())));
          case TOP -> recipe;
        };
    hosts.copyBases();
    TwoDiskHosts.Move move = hosts.move(recipe, arriving, Map.of("disk0", sync));
    Path top = move.destination().resolve("disk0.qcow2");
    hosts.assertMarked(hosts.there, arriving.localDisks().getFirst(), top, 1, 'A');
    hosts.assertMarked(hosts.there, arriving.localDisks().getFirst(), top, 2, 'B');
    hosts.assertMarked(hosts.there, arriving.localDisks().getFirst(), top, 3, 'C');
    ImageFacts before = TwoDiskHosts.facts(hosts.here, recipe, move.source());
    ImageFacts after = TwoDiskHosts.facts(hosts.there, arriving, move.destination());
    assertThat(after.virtualBytes()).isEqualTo(before.virtualBytes());
    assertThat(after.shape()).isEqualTo(before.shape());
    switch (sync) {
      case FULL -> assertThat(after.allocatedBytes()).isGreaterThan(before.allocatedBytes());
      case TOP -> {
        // The guest went on writing between the two looks, and tables of so small an image weigh as
        // much as its data.
        assertThat(after.allocatedBytes())
            .isLessThanOrEqualTo(before.allocatedBytes() * 21 / 20 + TABLES);
        assertThat(move.diskBytes())
            .isLessThanOrEqualTo(before.allocatedBytes() * 21 / 20 + TABLES);
      }
    }
  }

  @Test
  @Tag("S144")
  void moves_with_a_compressed_base() throws Exception {
    Path raw = temporary.resolve("plain.raw");
    try (RandomAccessFile file = new RandomAccessFile(raw.toFile(), "rw")) {
      file.setLength(TwoDiskHosts.DISK);
    }
    TwoDiskHosts.io("raw", raw, "write -P 0x41 1M 2M");
    Path base = temporary.resolve("base.qcow2");
    TwoDiskHosts.run(
        "qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", raw.toString(), base.toString());
    assertThat(Files.size(base)).isLessThan(TwoDiskHosts.MIB);
    LocalDisk disk =
        new LocalDisk(
            "disk0",
            "disk0.qcow2",
            "qcow2",
            TwoDiskHosts.DISK,
            List.of(TwoDiskHosts.layer(hosts.here, base, "qcow2")),
            false);
    LaunchRecipe recipe = hosts.withDisks(disk);
    hosts.copyBases();
    TwoDiskHosts.Move move = hosts.move(recipe, recipe, Map.of("disk0", Sync.TOP));
    hosts.assertMarked(hosts.there, disk, move.destination().resolve("disk0.qcow2"), 2, 'A');
  }

  @Test
  @Tag("S130")
  void never_opens_what_a_layers_header_names() throws Exception {
    Path base = temporary.resolve("base.raw");
    Files.write(base, new byte[TwoDiskHosts.MIB]);
    Path lying = temporary.resolve("lying.qcow2");
    TwoDiskHosts.run(
        "qemu-img",
        "create",
        "-q",
        "-u",
        "-f",
        "qcow2",
        "-F",
        "raw",
        "-b",
        "/etc/passwd",
        lying.toString(),
        Long.toString(TwoDiskHosts.DISK));
    List<LayerRecipe> layers =
        List.of(
            TwoDiskHosts.layer(hosts.here, lying, "qcow2"),
            TwoDiskHosts.layer(hosts.here, base, "raw"));
    LocalDisk disk =
        new LocalDisk("disk0", "disk0.qcow2", "qcow2", TwoDiskHosts.DISK, layers, false);
    LaunchRecipe recipe = hosts.withDisks(disk);
    Path instance = hosts.here.instance("s");
    hosts.here.createDisks(recipe, instance);
    Guest guest = hosts.launch(hosts.here, recipe, instance, LaunchMode.RUN);
    TestHost.awaitConsole(instance, "R ready", TwoDiskHosts.SOON);
    assertThat(Tool.run(openFiles(guest), instance, TwoDiskHosts.SOON)).doesNotContain("passwd");
    LaunchRecipe alone = recipe.withDisks(List.of(disk.on(layers.subList(0, 1))));
    DiskFilesQemuTest.assertRefused(
        () -> hosts.launch(hosts.here, alone, hosts.there.instance("other"), LaunchMode.RUN),
        "has a backing file");
  }

  private static List<String> openFiles(Guest guest) {
    return List.of("ls", "-l", "/proc/%d/fd".formatted(guest.pid()));
  }

  // ---- encryption

  @Test
  @Tag("S143")
  void moves_with_an_encrypted_disk_and_nobody_sees_what_is_in_it() throws Exception {
    String passphrase = "correct-horse-battery-staple-0123456789";
    LocalDisk disk =
        new LocalDisk("disk0", "disk0.qcow2", "qcow2", TwoDiskHosts.DISK, List.of(), true);
    LaunchRecipe recipe = hosts.withDisks(disk);
    for (TestHost host : List.of(hosts.here, hosts.there)) {
      Files.writeString(
          host.directory.resolve("secrets").resolve(recipe.secretOf("disk0")), passphrase);
    }
    TwoDiskHosts.Move move = hosts.move(recipe, recipe, Map.of("disk0", Sync.FULL));
    for (Path file :
        List.of(move.source().resolve("disk0.qcow2"), move.destination().resolve("disk0.qcow2"))) {
      String bytes = Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1);
      assertThat(bytes).doesNotContain("TERNBLK1");
      assertThat(bytes).doesNotContain(passphrase);
    }
    assertThat(move.commandLines()).noneMatch(line -> line.contains(passphrase));
    // Started again from the file alone, the guest finds what it wrote on both hosts.
    Files.writeString(move.destination().resolve("console.log"), "");
    Guest again = hosts.launch(hosts.there, recipe, move.destination(), LaunchMode.RUN);
    TestHost.awaitConsole(move.destination(), "R disk first", TwoDiskHosts.SOON);
    assertThat(next(TestHost.console(move.destination()))).isGreaterThan(1);
    TestHost.end(again);

    Path wrong = hosts.there.directory.resolve("secrets").resolve(recipe.secretOf("disk0"));
    Files.writeString(wrong, "another");
    DiskFilesQemuTest.assertRefused(
        () -> hosts.launch(hosts.there, recipe, move.destination(), LaunchMode.RUN),
        "Invalid password");
    DiskFilesQemuTest.assertRefused(
        () ->
            hosts.launch(
                hosts.there,
                recipe.withDisks(
                    List.of(
                        new LocalDisk(
                            "disk0", "disk0.qcow2", "qcow2", TwoDiskHosts.DISK, List.of(), false))),
                move.destination(),
                LaunchMode.RUN),
        "encrypted");
  }

  private static long next(String console) {
    String line =
        console.lines().filter(l -> l.startsWith("R disk first")).findFirst().orElseThrow();
    return Long.parseLong(line.substring(line.lastIndexOf(' ') + 1));
  }

  // ---- volumes, config drives, mixed

  @Test
  @Tag("S23")
  @Tag("S24")
  void moves_with_a_volume_alone_that_both_hosts_attach_and_nobody_copies() throws Exception {
    NbdVolume volume = hosts.volume(TwoDiskHosts.DISK);
    LaunchRecipe recipe =
        hosts.withDisks(
            new NetworkDisk("vol1", "127.0.0.1", volume.port(), "v", TwoDiskHosts.DISK, 1));
    TwoDiskHosts.Move move = hosts.move(recipe, recipe, Map.of());
    assertThat(move.progress()).allMatch(p -> p.diskTotal() == 0);
    assertThat(Files.readString(volume.file(), java.nio.charset.StandardCharsets.ISO_8859_1))
        .contains("TERNBLK1");
  }

  @Test
  @Tag("S146")
  @Tag("S45")
  void moves_with_local_disks_a_config_drive_and_a_volume_at_once() throws Exception {
    NbdVolume volume = hosts.volume(4 * TwoDiskHosts.MIB);
    Path drive = temporary.resolve("drive.iso");
    Files.write(drive, new byte[400 * 1024]);
    String sha = hosts.here.addBase(drive);
    LaunchRecipe recipe =
        hosts.withDisks(
            hosts.chain(hosts.here),
            new LocalDisk("disk1", "disk1.raw", "raw", TwoDiskHosts.DISK, List.of(), false),
            new LocalDisk("disk2", "disk2.qcow2", "qcow2", TwoDiskHosts.DISK, List.of(), false),
            new ReadOnlyDisk("config", sha, Files.size(drive)),
            new NetworkDisk("vol1", "127.0.0.1", volume.port(), "v", 4 * TwoDiskHosts.MIB, 1));
    hosts.copyBases();
    TwoDiskHosts.Move move =
        hosts.move(
            recipe, recipe, Map.of("disk0", Sync.TOP, "disk1", Sync.FULL, "disk2", Sync.FULL));
    assertThat(move.disksThere()).containsExactly("disk0", "disk1", "disk2", "config", "vol1");
    hosts.assertMarked(
        hosts.there,
        recipe.localDisks().getFirst(),
        move.destination().resolve("disk0.qcow2"),
        2,
        'B');
  }

  // ---- sparse

  @ParameterizedTest
  @ValueSource(strings = {"qcow2", "raw"})
  @Tag("S132")
  @Tag("S142")
  void keeps_a_sparse_disk_sparse_on_the_wire_and_where_it_arrives(String format) throws Exception {
    long size = 256L * TwoDiskHosts.MIB;
    long data = 16L * TwoDiskHosts.MIB;
    LocalDisk disk = new LocalDisk("disk0", "disk0." + format, format, size, List.of(), false);
    LaunchRecipe recipe = hosts.withDisks(disk);
    Path source = hosts.here.instance("s");
    hosts.here.createDisks(recipe, source);
    TwoDiskHosts.io(format, source.resolve(disk.file()), "write -P 0x41 32M 16M");
    TwoDiskHosts.Move move = hosts.move(recipe, recipe, Map.of("disk0", Sync.FULL));
    ImageFacts before = TwoDiskHosts.facts(hosts.here, recipe, move.source());
    ImageFacts after = TwoDiskHosts.facts(hosts.there, recipe, move.destination());
    assertThat(before.allocatedBytes()).isBetween(data, data + 4L * TwoDiskHosts.MIB);
    assertThat(after.allocatedBytes()).isLessThanOrEqualTo(before.allocatedBytes() * 21 / 20);
    assertThat(move.wireBytes())
        .isGreaterThan(data)
        .isLessThanOrEqualTo(before.allocatedBytes() * 21 / 20);
  }
}
