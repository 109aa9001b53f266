package dev.tern.client.command;

import dev.tern.client.DiskCopy;
import dev.tern.client.Server;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Command(
    name = "blockjob",
    description = "The copy of a disk that is under way: looks at it, limits it, or ends it.")
final class BlockJob extends Verb {
  @Parameters(index = "0", paramLabel = "SERVER", description = "Its id, or its name.")
  @SuppressWarnings("NullAway.Init")
  private String server;

  @Parameters(index = "1", paramLabel = "DISK", description = "As domblklist names it.")
  @SuppressWarnings("NullAway.Init")
  private String disk;

  /** One of them; looking is what is done without. */
  static final class What {
    @Option(names = "--info", description = "Look at it, which is usual.")
    boolean info;

    @Option(
        names = {"--abort", "--cancel"},
        description = "The guest stays with its disk, and the copy goes.")
    boolean abort;

    @Option(names = "--pivot", description = "The guest goes on with the copy.")
    boolean pivot;

    @Option(names = "--finish", description = "The copy is the disk at this moment.")
    boolean finish;

    @Option(
        names = "--bandwidth",
        paramLabel = "RATE",
        description = "MiB/s, or 500K, 1G; 0 is no limit.")
    @Nullable String bandwidth;
  }

  @ArgGroup private @Nullable What what;
  @Mixin private final WaitOptions wait = new WaitOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    What asked = what == null ? new What() : what;
    @Nullable Long limit =
        asked.bandwidth == null ? null : Amounts.bandwidth("--bandwidth", asked.bandwidth);
    wait.longest();
    Server found = server(server);
    Optional<DiskCopy> underWay = found.copyUnderWay(disk);
    if (underWay.isEmpty()) {
      return none(asked);
    }
    DiskCopy copy = underWay.get();
    if (asked.abort || asked.pivot || asked.finish) {
      return end(new CopyFollow(this, found, disk, copy), copy, asked);
    }
    JsonNode now = asked.bandwidth == null ? copy.facts() : copy.limit(limit);
    if (json()) {
      screen().json(now);
    } else {
      screen().facts(facts(now));
    }
    return DONE;
  }

  private int none(What asked) throws IOException {
    if (asked.abort || asked.pivot || asked.finish || asked.bandwidth != null) {
      throw refused("No copy of %s is under way.".formatted(disk));
    }
    if (json()) {
      screen().json(JsonMapper.shared().nullNode());
    } else {
      screen().line("No current block job for " + disk);
    }
    return DONE;
  }

  private int end(CopyFollow follow, DiskCopy copy, What asked)
      throws IOException, InterruptedException {
    JsonNode now = asked.abort ? copy.cancel() : asked.pivot ? copy.pivot() : copy.finish();
    if (wait.waits()) {
      String wanted = asked.abort ? "cancelled" : asked.pivot ? "pivoted" : "finished";
      return follow.ended(follow.over(wait, false), wanted);
    }
    if (json()) {
      screen().json(now);
    } else {
      screen().line("copy %s of %s: its end has been asked for.".formatted(copy.id(), disk));
    }
    return DONE;
  }

  private static Map<String, String> facts(JsonNode copy) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("Job type", "Block copy");
    facts.put("Copy", Facts.text(copy, "id"));
    facts.put("Status", Facts.text(copy, "status"));
    facts.put("Then", Facts.text(copy, "then"));
    facts.put("Copied", Facts.size(copy, "copied_bytes"));
    facts.put("Total", Facts.size(copy, "total_bytes"));
    facts.put("Speed", Facts.rate(copy, "bytes_per_second"));
    facts.put("Bandwidth", Facts.rate(copy, "bandwidth"));
    facts.put("Ready", copy.path("ready").asBoolean(false) ? "yes" : "no");
    facts.put("File", Facts.text(copy, copy.path("target").isString() ? "target" : "file"));
    return facts;
  }
}
