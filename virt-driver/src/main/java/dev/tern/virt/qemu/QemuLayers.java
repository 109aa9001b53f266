package dev.tern.virt.qemu;

import dev.tern.virt.LayerTransfer;
import dev.tern.virt.Pauses;
import dev.tern.virt.SendingRate;
import dev.tern.virt.StreamKey;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.disk.QemuImages;
import dev.tern.virt.disk.Tool;
import dev.tern.virt.qmp.BlockNode;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import java.util.regex.Pattern;

/**
 * Layers by {@code qemu-storage-daemon} at the receiver and {@code qemu-img convert} at the sender:
 * NBD, as for disks, without a guest on either side.
 */
final class QemuLayers implements LayerTransfer {
  private static final Pattern FILE = Pattern.compile("[0-9a-z]{1,64}");
  private static final Pattern EXPORT = Pattern.compile("[A-Za-z0-9_-]{8,128}");
  private static final Pattern NUMERIC = Pattern.compile("[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

  static final String TLS = "tls0";

  private final QemuSettings settings;
  private final QemuImages images;
  private final Pauses pauses;

  QemuLayers(QemuSettings settings, QemuImages images, Pauses pauses) {
    this.settings = settings;
    this.images = images;
    this.pauses = pauses;
  }

  @Override
  public void open(
      Path directory, Endpoint listen, Map<String, String> exports, Optional<StreamKey> key)
      throws VirtException {
    requireKey(key);
    Path own = directory.toAbsolutePath();
    if (isOpen(own)) {
      return;
    }
    QemuProcess.forget(own);
    try {
      List<String> line = daemon(own);
      if (key.isPresent()) {
        line.addAll(List.of("--object", StreamCredentials.forServer(own, key.get(), TLS)));
      }
      line.addAll(List.of("--nbd-server", server(listen, key.isPresent())));
      exportAll(line, own, exports);
      var _ = Tool.run(line, own, settings.deadlines().start());
    } catch (VirtException e) {
      end(own);
      throw e;
    }
    QemuProcess.find(own)
        .orElseThrow(() ->
            new VirtException(
                Kind.REFUSED, "The receiver of layers ended right after its start.", null))
        .record(own);
  }

  private List<String> daemon(Path directory) {
    return new ArrayList<>(
        List.of(
            settings.storageDaemon(),
            "--daemonize",
            "--pidfile",
            QemuProcess.pidFile(directory).toString()));
  }

  private static String server(Endpoint listen, boolean encrypted) throws VirtException {
    check(listen);
    return "addr.type=inet,addr.host=%s,addr.port=%d%s"
        .formatted(listen.address(), listen.port(), encrypted ? ",tls-creds=" + TLS : "");
  }

  private static void exportAll(List<String> line, Path directory, Map<String, String> exports)
      throws VirtException {
    int number = 0;
    for (Map.Entry<String, String> one : new TreeMap<>(exports).entrySet()) {
      Path file = directory.resolve(one.getKey());
      require(FILE.matcher(one.getKey()).matches(), "A file that is received has a plain name.");
      require(EXPORT.matcher(one.getValue()).matches(), "An export name is not usable.");
      require(
          Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS),
          "%s is not there.".formatted(one.getKey()));
      String node = "layer" + number++;
      line.addAll(
          List.of(
              "--blockdev",
              new BlockNode.File(node + "-file", file.toString(), false, "unmap").json()));
      line.addAll(
          List.of(
              "--blockdev",
              new BlockNode.Format("raw", node, node + "-file", false, "unmap", "unmap", null)
                  .json()));
      line.addAll(
          List.of(
              "--export",
              "type=nbd,id=%s,node-name=%s,name=%s,writable=on"
                  .formatted(node, node, one.getValue())));
    }
  }

  @Override
  public boolean isOpen(Path directory) throws VirtException {
    return QemuProcess.find(directory.toAbsolutePath()).isPresent();
  }

  @Override
  public void close(Path directory) throws VirtException {
    end(directory.toAbsolutePath());
  }

  private void end(Path directory) throws VirtException {
    var process = QemuProcess.find(directory);
    if (process.isPresent()) {
      // It holds nothing back: what it has answered is written, and the caller syncs.
      process.get().destroy();
      try {
        if (!process.get().gone(settings.deadlines().end(), pauses)) {
          throw new VirtException(Kind.NO_ANSWER, "The receiver of layers does not end.", null);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new VirtException(Kind.NO_ANSWER, "Interrupted.", e);
      }
    }
    QemuProcess.forget(directory);
    StreamCredentials.forget(directory);
  }

  @Override
  public void send(Path file, Path instance, Target to, SendingRate rate, LongConsumer sent)
      throws VirtException, InterruptedException {
    requireKey(to.key());
    check(to.at());
    require(EXPORT.matcher(to.export()).matches(), "An export name is not usable.");
    long bytes = images.allocatedBytes(file);
    List<String> options = new ArrayList<>();
    if (to.key().isPresent()) {
      options.addAll(
          List.of("--object", StreamCredentials.forClient(instance, to.key().get(), TLS)));
    }
    try {
      new FileSending(settings, file, to, options, rate, bytes, sent).run();
    } finally {
      StreamCredentials.forgetClient(instance);
    }
    sent.accept(bytes);
  }

  private void requireKey(Optional<StreamKey> key) throws VirtException {
    require(
        key.isPresent() || settings.insecure(),
        "Layers without a key are plaintext, and insecure is not set.");
  }

  private static void check(Endpoint endpoint) throws VirtException {
    require(
        NUMERIC.matcher(endpoint.address()).matches(),
        "The address '%s' is not numeric.".formatted(endpoint.address()));
    require(endpoint.port() > 0 && endpoint.port() <= 65_535, "That is no port.");
  }

  private static void require(boolean holds, String otherwise) throws VirtException {
    if (!holds) {
      throw new VirtException(Kind.REFUSED, otherwise, null);
    }
  }
}
