package dev.tern.bench;

import dev.tern.virt.DiskImages.NewImage;
import dev.tern.virt.LaunchRecipe.LayerRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.RecipeFiles;
import dev.tern.virt.VirtException;
import dev.tern.virt.disk.Tool;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** The disks of a case: made, filled, and what they take. */
final class Disks {
  private static final String BASE_FORMAT = "qcow2";
  private static final Duration DEADLINE = Duration.ofMinutes(2);

  private Disks() {}

  /** Makes what the case needs below its disks, on both hosts, and says how to launch with it. */
  static List<LocalDisk> recipes(BenchCase what, Path work, List<Host> hosts) throws IOException {
    List<LayerRecipe> layers = List.of();
    if (what.hasBase()) {
      Path image = work.resolve("base." + BASE_FORMAT);
      Files.deleteIfExists(image);
      create(hosts.getFirst(), image, NewImage.empty(BASE_FORMAT, what.diskBytes()));
      fill(image, BASE_FORMAT, what, what.baseMib(), 1);
      layers = List.of(new LayerRecipe(place(image, hosts), BASE_FORMAT, false));
    }
    List<LocalDisk> disks = new ArrayList<>();
    for (int i = 0; i < what.disks(); i++) {
      String id = "disk" + i;
      disks.add(
          new LocalDisk(
              id, id + "." + what.format(), what.format(), what.diskBytes(), layers, false));
    }
    return disks;
  }

  /** Puts a file among each host's images and returns its name there. */
  static String place(Path file, List<Host> hosts) throws IOException {
    String sha = sha256(file);
    for (Host host : hosts) {
      Path there = host.bases().resolve(sha);
      if (!Files.exists(there)) {
        Path fresh = host.bases().resolve(sha + ".new");
        Files.copy(file, fresh, StandardCopyOption.REPLACE_EXISTING);
        Files.move(fresh, there, StandardCopyOption.ATOMIC_MOVE);
      }
    }
    return sha;
  }

  private static String sha256(Path file) throws IOException {
    try (InputStream content =
        new DigestInputStream(Files.newInputStream(file), MessageDigest.getInstance("SHA-256"))) {
      content.transferTo(java.io.OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(((DigestInputStream) content).getMessageDigest().digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IOException(e);
    }
  }

  static void createEmpty(Host host, List<LocalDisk> disks) throws IOException {
    for (LocalDisk disk : disks) {
      create(
          host,
          host.instance().resolve(disk.file()),
          new NewImage(
              disk.format(),
              disk.virtualBytes(),
              RecipeFiles.layers(disk.layers(), host.bases()),
              Optional.empty(),
              Optional.empty()));
    }
  }

  private static void create(Host host, Path file, NewImage image) throws IOException {
    try {
      host.driver().images().create(file, image);
    } catch (VirtException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  static void fill(Host host, List<LocalDisk> disks, BenchCase what) throws IOException {
    for (int i = 0; i < disks.size(); i++) {
      LocalDisk disk = disks.get(i);
      fill(host.instance().resolve(disk.file()), disk.format(), what, what.dataMib(), 100 + i);
    }
  }

  /** Pieces of 1 MiB, evenly over the disk, none of them zero. */
  private static void fill(Path image, String format, BenchCase what, int mebibytes, int seed)
      throws IOException {
    List<String> command = new ArrayList<>(List.of("qemu-io", "-f", format));
    int room = what.diskMib() - BenchCase.FIRST_PIECE_MIB;
    for (int i = 0; i < mebibytes; i++) {
      long at = BenchCase.FIRST_PIECE_MIB + (long) i * room / mebibytes;
      command.addAll(List.of("-c", "write -q -P %d %dM 1M".formatted(1 + (seed + i) % 254, at)));
    }
    command.add(image.toString());
    run(command);
  }

  /**
   * Waits until what was written to the files of the disks, and of them, is on this machine's disk.
   */
  static void flush(Host host, List<LocalDisk> disks) throws IOException {
    for (LocalDisk disk : disks) {
      try (FileChannel file = FileChannel.open(host.instance().resolve(disk.file()))) {
        file.force(true);
      }
    }
  }

  /** What the files of the disks take on this host, bases not counted. */
  static long allocated(Host host, List<LocalDisk> disks) throws IOException {
    long bytes = 0;
    for (LocalDisk disk : disks) {
      try {
        bytes += host.driver().images().allocatedBytes(host.instance().resolve(disk.file()));
      } catch (VirtException e) {
        throw new IOException(e.getMessage(), e);
      }
    }
    return bytes;
  }

  /** Runs a tool of QEMU's to its end. */
  static void run(List<String> command) throws IOException {
    try {
      var _ = Tool.run(command, Path.of("/"), DEADLINE);
    } catch (VirtException e) {
      throw new IOException(command.getFirst() + ": " + e.getMessage(), e);
    }
  }
}
