package dev.tern.standalone;

import dev.tern.agent.OfflineDisk;
import dev.tern.virt.Pauses;
import dev.tern.virt.StreamKey;
import dev.tern.virt.qemu.DiskExport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.SecureRandom;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ./tern disk-export}: in the foreground until it is interrupted. */
@Command(
    name = "disk-export",
    description =
        "Shows the disk of a stopped server over NBD, read-only, on a loopback port, to whoever has the key.",
    mixinStandardHelpOptions = true)
final class DiskExportCommand implements Callable<Integer> {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,128}");
  private static final Set<PosixFilePermission> OWNERS =
      EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
  private static final int LONGEST_KEY = 512;

  @Parameters(
      paramLabel = "FILE",
      description = "the disk's file, as /v1/servers/ID/disks shows it to administrators")
  private Path file = Path.of("");

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "10809",
      description = "on 127.0.0.1 (${DEFAULT-VALUE})")
  private int port = 10_809;

  @Option(names = "--name", paramLabel = "NAME", description = "of the export (the disk's id)")
  private @Nullable String name;

  @Option(
      names = "--key",
      paramLabel = "FILE",
      description = "a key of one's own, IDENTITY:64 HEX DIGITS, mode 0600 (one is made)")
  private @Nullable Path key;

  @Spec private CommandSpec command = CommandSpec.create();

  @Override
  public Integer call() throws Exception {
    PrintWriter out = command.commandLine().getOut();
    if (port < 1 || port > 65_535 || (name != null && !NAME.matcher(name).matches())) {
      throw new ParameterException(
          command.commandLine(),
          "--port is 1 to 65535; --name has up to 128 letters, digits, '.', '_' and '-'.");
    }
    OfflineDisk disk = OfflineDisk.of(file);
    StreamKey used = key == null ? made() : given(key);
    String shown = name == null ? disk.id() : name;
    CountDownLatch stopped = new CountDownLatch(1);
    Thread caller = Thread.currentThread();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(caller, stopped), "stop"));
    try (DiskExport export =
        DiskExport.open(
            new DiskExport.Wish(disk.file(), disk.expected(), shown, port, used),
            Files.createTempDirectory("tern-export-"),
            Pauses.real())) {
      say(out, disk, shown, export.keyFile(), used);
      throw new IOException("qemu-nbd ended: " + export.awaitEnd());
    } catch (InterruptedException e) {
      return 0;
    } finally {
      stopped.countDown();
    }
  }

  /** In the JVM's shutdown: {@link #call} is told to stop, and closes what it opened. */
  private static void end(Thread caller, CountDownLatch stopped) {
    caller.interrupt();
    try {
      stopped.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void say(PrintWriter out, OfflineDisk disk, String shown, Path keyFile, StreamKey used) {
    out.printf(
        "disk %s of server %s, read-only: nbd://%s:%d/%s, by TLS%n",
        disk.id(), disk.server(), DiskExport.ADDRESS, port, shown);
    out.printf("key: %s%n", keyFile);
    out.printf(
        "for example: qemu-img info --object %s --image-opts"
            + " driver=nbd,host=%s,port=%d,export=%s,tls-creds=tls0%n",
        DiskExport.clientObject(keyFile, used), DiskExport.ADDRESS, port, shown);
    out.println("Ctrl-C closes it; until then the server does not start.");
    out.flush();
  }

  private static StreamKey made() {
    SecureRandom random = new SecureRandom();
    byte[] secret = new byte[StreamKey.SECRET_BYTES];
    byte[] identity = new byte[4];
    random.nextBytes(secret);
    random.nextBytes(identity);
    return new StreamKey("export-" + HexFormat.of().formatHex(identity), secret);
  }

  /** Its content is never shown, also where it cannot be used. */
  private static StreamKey given(Path file) throws IOException {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || Files.size(file) > LONGEST_KEY) {
      throw new IOException("The key %s is no small file.".formatted(file));
    }
    if (!OWNERS.containsAll(Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS))) {
      throw new IOException("The key %s is not its owner's alone: chmod 600 it.".formatted(file));
    }
    String line = Files.readString(file, StandardCharsets.ISO_8859_1).strip();
    try {
      int colon = line.indexOf(':');
      return new StreamKey(
          line.substring(0, Math.max(0, colon)),
          HexFormat.of().parseHex(line.substring(colon + 1)));
    } catch (IllegalArgumentException _) {
      throw new IOException(
          "The key %s is not of the form IDENTITY:64 HEX DIGITS.".formatted(file));
    }
  }
}
