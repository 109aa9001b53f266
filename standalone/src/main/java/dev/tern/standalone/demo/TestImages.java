package dev.tern.standalone.demo;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/** Image files the demo makes and takes apart with {@code qemu-img}, as anybody outside would. */
public final class TestImages {
  private static final Duration DEADLINE = Duration.ofMinutes(2);

  private TestImages() {}

  /**
   * A qcow2 base image: {@code dataBytes} nobody can compress at its end, nothing before, so that
   * the guest's own blocks at the front start empty.
   */
  public static void base(Path qcow2, long virtualBytes, int dataBytes, long seed)
      throws IOException, InterruptedException {
    Path raw = qcow2.resolveSibling(qcow2.getFileName() + ".raw");
    SplittableRandom random = new SplittableRandom(seed);
    try (var file = new java.io.RandomAccessFile(raw.toFile(), "rw")) {
      file.setLength(virtualBytes);
      file.seek(virtualBytes - dataBytes);
      byte[] chunk = new byte[1 << 20];
      for (int left = dataBytes; left > 0; left -= chunk.length) {
        random.nextBytes(chunk);
        file.write(chunk, 0, Math.min(left, chunk.length));
      }
    }
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw.toString(), qcow2.toString());
    Files.delete(raw);
  }

  /** All that a guest would see of a qcow2 disk that nobody has open. */
  public static void flatten(Path qcow2, Path raw) throws IOException, InterruptedException {
    run("qemu-img", "convert", "-f", "qcow2", "-O", "raw", qcow2.toString(), raw.toString());
  }

  private static void run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    List<String> said = new ArrayList<>();
    try (OutputStream nothing = process.getOutputStream();
        var output = process.inputReader()) {
      nothing.flush();
      output.lines().limit(50).forEach(said::add);
    }
    if (!process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IOException(
          String.join(" ", command) + " took longer than " + DEADLINE.toSeconds() + " s");
    }
    if (process.exitValue() != 0) {
      throw new IOException(String.join(" ", command) + " failed: " + String.join(" ", said));
    }
  }
}
