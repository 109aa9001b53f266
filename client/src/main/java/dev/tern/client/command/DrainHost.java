package dev.tern.client.command;

import dev.tern.client.Drain;
import dev.tern.client.LateException;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

@Command(
    name = "drain",
    description =
        "Empty a host: close it, and move its servers elsewhere. Asked again, the same drain.")
final class DrainHost extends Verb {
  /** The API plans while it answers, unless it cannot within seconds. */
  private static final Duration PLAN = Duration.ofSeconds(60);

  @Parameters(paramLabel = "HOST", description = "Its name.")
  @SuppressWarnings("NullAway.Init")
  private String host;

  @Option(names = "--dry-run", description = "The plan only; nothing is touched.")
  private boolean dryRun;

  @Mixin private final DrainWishes wishes = new DrainWishes();
  @Mixin private final WaitOptions wait = new WaitOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    wait.longest();
    Map<String, @Nullable Object> body = wishes.body();
    body.put("host", host);
    if (dryRun) {
      body.put("dry_run", true);
    }
    Drain drain = tern().drain(body);
    DrainStory story = new DrainStory(this, drain);
    if (wait.waits() && !dryRun) {
      return story.over(wait);
    }
    JsonNode report;
    try {
      report = drain.awaitPlan(PLAN);
    } catch (LateException e) {
      report = drain.report();
    }
    story.show(report);
    if (!json() && !Drain.isOver(report)) {
      screen().line("To look at it: tern drain-show %s".formatted(drain.id()));
    }
    return DONE;
  }
}
