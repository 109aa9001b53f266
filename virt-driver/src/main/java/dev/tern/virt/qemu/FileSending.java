package dev.tern.virt.qemu;

import dev.tern.virt.LayerTransfer.Target;
import dev.tern.virt.SendingRate;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.disk.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One file on its way into an export, by one run of {@code qemu-img convert} for each portion of
 * it. The rate of a run is fixed when it starts, so another one holds from the next portion on; one
 * that lasts is broken off for it, and begun anew: it holds the same.
 */
final class FileSending {
  private static final Pattern PERCENT = Pattern.compile("\\((\\d{1,3}\\.\\d\\d)/100%\\)");

  /** A run goes on for so long with a rate that has changed: most have ended by then. */
  private static final Duration GRACE = Duration.ofMillis(300);

  private final QemuSettings settings;
  private final Path file;
  private final Target to;
  private final List<String> options;
  private final SendingRate rate;
  private final long bytes;
  private final LongConsumer sent;
  private final Portions portions = new Portions();
  private long told;

  /**
   * @param options of the tool, for the target's credentials
   * @param bytes that the file takes
   * @param sent told how many of them went
   */
  FileSending(
      QemuSettings settings,
      Path file,
      Target to,
      List<String> options,
      SendingRate rate,
      long bytes,
      LongConsumer sent) {
    this.settings = settings;
    this.file = file;
    this.to = to;
    this.options = List.copyOf(options);
    this.rate = rate;
    this.bytes = bytes;
    this.sent = sent;
  }

  void run() throws VirtException, InterruptedException {
    long size = size();
    long at = 0;
    do {
      long allowed = rate.now();
      long length = Math.min(portions.next(allowed), size - at);
      long from = at;
      long begun = System.nanoTime();
      boolean whole =
          Tool.follow(
              line(from, length, size, allowed),
              settings.runtime(),
              said -> percent(said, from, length, size),
              changed(allowed));
      if (whole) {
        at += length;
        portions.sent(length, Duration.ofNanos(System.nanoTime() - begun));
        tell(at, size);
      } else {
        portions.brokenOff();
      }
    } while (at < size);
  }

  private long size() throws VirtException {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new VirtException(Kind.REFUSED, "%s cannot be read.".formatted(file), e);
    }
  }

  private BooleanSupplier changed(long allowed) {
    long[] since = {0};
    return () -> {
      if (rate.now() == allowed) {
        since[0] = 0;
        return false;
      }
      since[0] = since[0] == 0 ? System.nanoTime() : since[0];
      return System.nanoTime() - since[0] > GRACE.toNanos();
    };
  }

  private List<String> line(long at, long length, long size, long allowed) {
    List<String> line = new ArrayList<>();
    // The target is zeros or what this very file holds, so its zeros need not be written.
    line.addAll(
        List.of(settings.qemuImg(), "convert", "-p", "-n", "--target-is-zero", "-W", "-m", "8"));
    if (allowed > 0) {
      line.addAll(List.of("-r", Long.toString(allowed)));
    }
    line.addAll(options);
    line.addAll(List.of("--image-opts", "--target-image-opts", "--"));
    // The last one has no length: a file's may be no whole number of sectors.
    String portion =
        "driver=raw,offset=%d%s".formatted(at, at + length < size ? ",size=" + length : "");
    line.add(
        "%s,file.driver=file,file.filename=%s"
            .formatted(portion, file.toAbsolutePath().toString().replace(",", ",,")));
    line.add(
        "%s,file.driver=nbd,file.server.type=inet,file.server.host=%s,file.server.port=%d,file.export=%s%s"
            .formatted(
                portion,
                to.at().address(),
                to.at().port(),
                to.export(),
                to.key().isPresent() ? ",file.tls-creds=" + QemuLayers.TLS : ""));
    return line;
  }

  private void percent(String said, long at, long length, long size) {
    Matcher percent = PERCENT.matcher(said);
    if (percent.matches()) {
      tell(at + (long) (length * (Double.parseDouble(percent.group(1)) / 100)), size);
    }
  }

  /** They never fall, also when a portion is begun anew. */
  private void tell(long at, long size) {
    told = Math.max(told, size == 0 ? 0 : (long) ((double) bytes * at / size));
    sent.accept(told);
  }
}
