package dev.tern.client.command;

import dev.tern.client.DiskCopy;
import dev.tern.client.Server;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

@Command(
    name = "blockcopy",
    description =
        "Copy a disk while its guest writes. With neither --pivot nor --finish the copy follows the disk until blockjob ends it.")
final class BlockCopy extends Verb {
  @Parameters(index = "0", paramLabel = "SERVER", description = "Its id, or its name.")
  @SuppressWarnings("NullAway.Init")
  private String server;

  @Parameters(index = "1", paramLabel = "DISK", description = "As domblklist names it.")
  @SuppressWarnings("NullAway.Init")
  private String disk;

  @Parameters(
      index = "2",
      paramLabel = "FILE",
      description =
          "NAME in the server's own directory, STORAGE/NAME in one of the host's storages, or nbd://HOST:PORT/EXPORT. Never a path: the host chooses that.")
  @SuppressWarnings("NullAway.Init")
  private String file;

  /** One or neither. */
  static final class End {
    @Option(names = "--pivot", description = "Once they are alike the guest goes on with the copy.")
    boolean pivot;

    @Option(
        names = "--finish",
        description = "Once they are alike the copy is the disk at that moment.")
    boolean finish;
  }

  @ArgGroup private @Nullable End end;

  @Option(names = "--shallow", description = "Only the uppermost layer.")
  private boolean shallow;

  @Option(names = "--format", paramLabel = "FORMAT", description = "qcow2 or raw.")
  private @Nullable String format;

  @Option(
      names = "--bandwidth",
      paramLabel = "RATE",
      description = "MiB/s, or 500K, 1G; 0 is no limit.")
  private @Nullable String bandwidth;

  @Option(names = "--overwrite", description = "Replace a file that is there.")
  private boolean overwrite;

  @Option(
      names = {"--reuse", "--reuse-external"},
      description = "Write into a file that is there.")
  private boolean reuse;

  @Option(names = "--delete-old", description = "After a pivot the old file goes.")
  private boolean deleteOld;

  @Option(names = "--resumable", description = "With --finish: it goes on after the QEMU's end.")
  private boolean resumable;

  @Mixin private final WaitOptions wait = new WaitOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    Map<String, @Nullable Object> order = order();
    wait.longest();
    Server found = server(server);
    DiskCopy copy = found.copy(disk, order);
    CopyFollow follow = new CopyFollow(this, found, disk, copy);
    if (!wait.waits()) {
      return follow.goesOn("copy %s of %s is under way.".formatted(copy.id(), disk));
    }
    JsonNode last = follow.over(wait, end == null);
    return follow.ended(last, wanted());
  }

  /** The status that is as wished; without a wish, a ready copy that goes on. */
  private String wanted() {
    return end == null ? "ready" : end.pivot ? "pivoted" : "finished";
  }

  private Map<String, @Nullable Object> order() {
    Map<String, @Nullable Object> order = new LinkedHashMap<>();
    if (file.startsWith("nbd:") || file.startsWith("nbds:")) {
      order.put("target", file);
    } else {
      int slash = file.indexOf('/');
      if (slash >= 0) {
        order.put("storage", file.substring(0, slash));
      }
      order.put("name", file.substring(slash + 1));
    }
    order.put("then", end == null ? "wait" : end.pivot ? "pivot" : "finish");
    if (shallow) {
      order.put("mode", "shallow");
    }
    if (format != null) {
      order.put("format", format);
    }
    if (bandwidth != null) {
      order.put("bandwidth", Amounts.bandwidth("--bandwidth", bandwidth));
    }
    put(order, "overwrite", overwrite);
    put(order, "reuse", reuse);
    put(order, "delete_old", deleteOld);
    put(order, "resumable", resumable);
    return order;
  }

  private static void put(Map<String, @Nullable Object> order, String name, boolean wished) {
    if (wished) {
      order.put(name, true);
    }
  }
}
