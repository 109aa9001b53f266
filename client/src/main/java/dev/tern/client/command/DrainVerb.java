package dev.tern.client.command;

import dev.tern.client.Drain;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What is asked of a drain that there is. */
abstract sealed class DrainVerb extends Verb {
  @Parameters(paramLabel = "DRAIN", description = "Its id: tern drain-list.")
  @SuppressWarnings("NullAway.Init")
  private String id;

  @Mixin private final WaitOptions wait = new WaitOptions();

  abstract void ask(Drain drain) throws IOException, InterruptedException;

  @Override
  public Integer call() throws IOException, InterruptedException {
    wait.longest();
    Drain drain = tern().drain(id);
    ask(drain);
    DrainStory story = new DrainStory(this, drain);
    if (wait.waits()) {
      return story.over(wait);
    }
    story.show(drain.report());
    return DONE;
  }

  /** How far it is. */
  @Command(name = "drain-show", description = "A drain: its plan, its servers, its report.")
  static final class Show extends DrainVerb {
    @Override
    void ask(Drain drain) {}
  }

  /** Nothing new is begun. */
  @Command(name = "drain-pause", description = "Begin no more migrations; those under way go on.")
  static final class Pause extends DrainVerb {
    @Override
    void ask(Drain drain) throws IOException, InterruptedException {
      drain.order("pause");
    }
  }

  /** It goes on. */
  @Command(
      name = "drain-resume",
      description = "Go on, and try again what was given up; with other wishes, if they are named.")
  static final class Resume extends DrainVerb {
    @Mixin private final DrainWishes wishes = new DrainWishes();

    @Override
    void ask(Drain drain) throws IOException, InterruptedException {
      Map<String, @Nullable Object> body = wishes.body();
      if (!body.isEmpty()) {
        drain.change(body);
      }
      drain.order("resume");
    }
  }

  /** The host is open again. */
  @Command(name = "drain-cancel", description = "End a drain, and open its host again.")
  static final class Cancel extends DrainVerb {
    @Option(names = "--abort", description = "What moves is asked to end at home.")
    private boolean abort;

    @Override
    void ask(Drain drain) throws IOException, InterruptedException {
      if (abort) {
        drain.abort();
      } else {
        drain.order("cancel");
      }
    }
  }

  /** Its servers come home. */
  @Command(
      name = "drain-return",
      description = "Open the host again, and bring home what the drain has moved.")
  static final class Return extends DrainVerb {
    @Override
    void ask(Drain drain) throws IOException, InterruptedException {
      drain.order("return");
    }
  }
}
