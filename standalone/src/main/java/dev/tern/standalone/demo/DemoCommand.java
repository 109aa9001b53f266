package dev.tern.standalone.demo;

import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.FormOptions;
import dev.tern.standalone.FormSettings;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** {@code ./tern demo}. */
@Command(
    name = "demo",
    description =
        "Live-migrates a writing virtual machine with its disk between two hosts, and proves that nothing was lost.",
    subcommands = DrainDemoCommand.class,
    mixinStandardHelpOptions = true)
public final class DemoCommand implements Callable<Integer> {
  @Mixin private FormOptions options = new FormOptions();

  @Option(names = "--json", paramLabel = "FILE", description = "also write the report there")
  private @Nullable Path json;

  @Option(names = "--keep", description = "leave everything running afterwards and print the URLs")
  private boolean keep;

  @Option(
      names = "--chaos",
      description =
          "every service a process; agents and conductor are killed while the guest moves")
  private boolean chaos;

  /** 0 only if everything the demo promises held. */
  @Override
  public Integer call() throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    boolean terminal =
        java.util.Optional.ofNullable(System.console())
            .map(java.io.Console::isTerminal)
            .orElse(false);
    out.println(
        "starting PostgreSQL, RabbitMQ, the API, conductor, scheduler and the hosts' agents");
    FormSettings settings = options.settings("demo", 0);
    try (DemoStage stage =
        DemoStage.set(chaos ? DemoStage.forKills(settings) : settings, out::println)) {
      DemoReport report = demo(stage, out, terminal).play();
      report.print(out);
      writeJson(report);
      List<String> broken = report.broken();
      broken.forEach(what -> out.println("BROKEN: " + what));
      if (keep) {
        stage.stayUp(out::println);
      }
      return broken.isEmpty() ? 0 : 1;
    }
  }

  private Demo demo(DemoStage stage, PrintStream out, boolean terminal) {
    return chaos
        ? Demo.amongKills(stage.place(), Pause.SLEEPING, out, terminal, stage)
        : new Demo(stage.place(), Pause.SLEEPING, out, terminal);
  }

  private void writeJson(DemoReport report) throws IOException {
    Path file = json;
    if (file != null) {
      JsonMapper mapper = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
      Files.writeString(file, mapper.writeValueAsString(report) + "\n");
    }
  }
}
