package dev.tern.bench;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code ./tern bench}. */
@Command(
    name = "bench",
    description = "Measures Tern beside the least that can be done.",
    subcommands = {
      MigrateCommand.class,
      TunnelCommand.class,
      ApiCommand.class,
      SchedulerCommand.class,
      DrainCommand.class,
      ForecastCommand.class
    },
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND")
final class BenchCommand {
  private BenchCommand() {}

  /** Exits 0 when all was measured and right, 1 when something was not, 2 when called wrongly. */
  public static void main(String[] arguments) {
    System.exit(
        new CommandLine(new BenchCommand())
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setExecutionExceptionHandler((failure, command, parsed) -> {
              command
                  .getErr()
                  .println(command.getColorScheme().errorText("tern: " + failure.getMessage()));
              if (System.getenv("TERN_TRACE") != null) {
                failure.printStackTrace(command.getErr());
              }
              return 1;
            })
            .execute(arguments));
  }
}
