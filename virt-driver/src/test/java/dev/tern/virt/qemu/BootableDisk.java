package dev.tern.virt.qemu;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A raw disk that the test guest boots from by itself: Syslinux, kernel and initramfs in a FAT file
 * system at its beginning; the rest is free.
 */
final class BootableDisk {
  /** The first block of 4 KiB that is the writer's. */
  static final int FREE_FROM_BLOCK = 8192;

  static final long BYTES = 64L << 20;

  private static final int SECTOR = 512;
  private static final long FILE_SYSTEM_SECTORS = FREE_FROM_BLOCK * 4096L / SECTOR;

  private BootableDisk() {}

  /** Writes the disk; a tool that is missing fails with its package's name. */
  static void write(Path disk, String guestOptions) throws Exception {
    try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
      file.setLength(BYTES);
    }
    Path settings = Files.createTempDirectory("bootable").resolve("syslinux.cfg");
    Files.writeString(
        settings,
        """
        SERIAL 0
        DEFAULT tern
        LABEL tern
          KERNEL bzImage
          INITRD initrd.gz
          APPEND %s
        """
            .formatted(TestHost.QUIET + guestOptions));
    String image = disk.toString();
    String sectors = Long.toString(FILE_SYSTEM_SECTORS);
    run("mtools", "mformat", "-i", image, "-T", sectors, "-h", "16", "-s", "63", "-c", "4", "::");
    for (Path file :
        List.of(TestHost.guestFile("bzImage"), TestHost.guestFile("initrd.gz"), settings)) {
      run("mtools", "mcopy", "-i", image, file.toString(), "::" + file.getFileName());
    }
    run("syslinux", "syslinux", "--install", image);
    Files.delete(settings);
    Files.delete(settings.getParent());
  }

  private static void run(String debianPackage, String... command) throws Exception {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      throw new AssertionError(
          "%s is missing: install the package %s.".formatted(command[0], debianPackage), e);
    }
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new AssertionError(List.of(command) + " failed: " + said);
    }
  }
}
