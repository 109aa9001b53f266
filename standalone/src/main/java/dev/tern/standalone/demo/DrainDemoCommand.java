package dev.tern.standalone.demo;

import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.FormOptions;
import dev.tern.standalone.FormSettings;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ./tern demo drain}. */
@Command(
    name = "drain",
    description =
        "Empties one of three hosts of writing virtual machines, while a destination's agent is killed.",
    mixinStandardHelpOptions = true)
public final class DrainDemoCommand implements Callable<Integer> {
  @Mixin private FormOptions options = new FormOptions();

  @Option(
      names = "--servers",
      paramLabel = "N",
      defaultValue = "12",
      description = "how many (default: ${DEFAULT-VALUE})")
  private int servers = 12;

  /** 0 only if everything held. */
  @Override
  public Integer call() throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    boolean terminal =
        Optional.ofNullable(System.console()).map(java.io.Console::isTerminal).orElse(false);
    out.println(
        "starting PostgreSQL, RabbitMQ, the API, conductor, scheduler and three hosts' agents");
    FormSettings settings = DemoStage.forDrain(options.settings("demo", 0));
    try (DemoStage stage = DemoStage.set(settings, out::println)) {
      List<String> broken =
          new DrainDemo(stage.place(), stage, servers, Pause.SLEEPING, out, terminal).play();
      broken.forEach(what -> out.println("BROKEN: " + what));
      if (broken.isEmpty()) {
        out.println("everything held");
      }
      return broken.isEmpty() ? 0 : 1;
    }
  }
}
