package dev.tern.virt.qemu;

import dev.tern.virt.DiskImages;
import dev.tern.virt.Guest;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.KernelBoot;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.RecipeFiles;
import dev.tern.virt.StreamKey;
import dev.tern.virt.VirtException;
import dev.tern.virt.testing.TestPorts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** One host of a test: a directory with base images and instances, and the driver on it. */
final class TestHost {
  static final StreamKey KEY = new StreamKey("test-1", new byte[StreamKey.SECRET_BYTES]);
  static final String SERVER = "6f1f2b9e-53b1-4d0e-9a53-0c8a2f7f6f01";
  static final String QUIET =
      "console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off no_timer_check cryptomgr.notests"
          + " audit=0 rcupdate.rcu_expedited=1 ";

  final Path directory;
  final Path bases;
  final QemuDriver driver;

  TestHost(Path directory) throws IOException {
    this(directory, false);
  }

  TestHost(Path directory, boolean insecure) throws IOException {
    this(directory, insecure, QemuSettings.Deadlines.usual());
  }

  TestHost(Path directory, boolean insecure, QemuSettings.Deadlines deadlines) throws IOException {
    this.directory = Files.createDirectories(directory);
    this.bases = Files.createDirectories(directory.resolve("_base"));
    this.driver =
        new QemuDriver(
            new QemuSettings(
                "qemu-system-x86_64",
                "qemu-img",
                "qemu-storage-daemon",
                bases,
                Files.createDirectories(directory.resolve("secrets")),
                Path.of(System.getProperty("java.io.tmpdir")),
                "tcg",
                true,
                insecure,
                deadlines));
  }

  /** The test guest's file, or a failure that says how to get it. */
  static Path guestFile(String name) {
    String given =
        System.getProperty("TERN_GUEST_DIR", System.getenv().getOrDefault("TERN_GUEST_DIR", ""));
    Path directory =
        given.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".cache", "tern", "guest")
            : Path.of(given);
    Path file = directory.resolve(name);
    if (!Files.isRegularFile(file)) {
      throw new AssertionError(
          "The test guest is not built: %s is missing. Run guest/build-guest, or set TERN_GUEST_DIR."
              .formatted(file));
    }
    return file;
  }

  /** Puts a file into {@code _base} and returns its name there. */
  String addBase(Path file) {
    try {
      String sha = sha256(file);
      Path there = bases.resolve(sha);
      if (!Files.exists(there)) {
        Files.copy(file, there);
      }
      return sha;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String sha256(Path file) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(Files.readAllBytes(file)));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  /** A recipe of the test guest with one disk. */
  LaunchRecipe recipe(String guestOptions, int memoryMib, String format) throws VirtException {
    return recipe(
        guestOptions,
        RamSize.forGuest(memoryMib, "tcg", driver.capabilities().versionNumber()),
        format);
  }

  LaunchRecipe recipe(String guestOptions, long memoryKib, String format) throws VirtException {
    return new LaunchRecipe(
        LaunchRecipe.VERSION,
        SERVER,
        "test",
        driver.capabilities().defaultMachineType(),
        "tcg",
        "qemu64",
        1,
        memoryKib,
        Optional.of(
            new KernelBoot(
                addBase(guestFile("vmlinux")),
                Optional.of(addBase(guestFile("initrd.gz"))),
                QUIET + guestOptions)),
        List.of(new LocalDisk("disk0", "disk0." + format, format, 64L << 20, List.of(), false)),
        List.of(),
        LaunchRecipe.USUAL_PORTS);
  }

  Path instance(String name) {
    try {
      return Files.createDirectories(directory.resolve("instances").resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void createDisks(LaunchRecipe recipe, Path instance) throws VirtException {
    for (LocalDisk disk : recipe.localDisks()) {
      driver
          .images()
          .create(
              instance.resolve(disk.file()),
              new DiskImages.NewImage(
                  disk.format(),
                  disk.virtualBytes(),
                  RecipeFiles.layers(disk.layers(), bases),
                  disk.encrypted()
                      ? Optional.of(
                          directory.resolve("secrets").resolve(recipe.secretOf(disk.id())))
                      : Optional.empty(),
                  Optional.empty()));
    }
  }

  static int freePort() {
    return TestPorts.next();
  }

  static void end(Guest guest) throws VirtException {
    guest.kill();
    guest.close();
  }

  /** Waits until the console of an instance has what is asked for. */
  static void awaitConsole(Path instance, String text, Duration patience) throws Exception {
    boolean said =
        Written.await(
                instance.resolve("console.log"),
                patience,
                console -> console.contains(text) ? Optional.of(true) : Optional.empty())
            .isPresent();
    if (!said) {
      throw new AssertionError(
          "The console never said '%s'. It ends with: %s".formatted(text, tail(console(instance))));
    }
  }

  static String console(Path instance) throws IOException {
    Path log = instance.resolve("console.log");
    return Files.exists(log) ? Files.readString(log, StandardCharsets.ISO_8859_1) : "";
  }

  private static String tail(String text) {
    return text.substring(Math.max(0, text.length() - 600));
  }
}
