package dev.tern.standalone;

import dev.tern.standalone.chaos.ChaosCommand;
import dev.tern.standalone.demo.DemoCommand;
import dev.tern.standalone.load.LoadCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The commands behind {@code ./tern}. */
@Command(
    name = "tern",
    description =
        "Live migration of QEMU virtual machines with their local disks, in the shape of OpenStack Nova.",
    subcommands = {
      UpCommand.class,
      DemoCommand.class,
      ChaosCommand.class,
      LoadCommand.class,
      DiskExportCommand.class,
      HashPasswordCommand.class,
      ServiceCommand.class
    },
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND")
public final class Tern {
  private Tern() {}

  /** Exits 0 when the command did what it says, 1 when it failed, 2 when it was called wrongly. */
  public static void main(String[] arguments) {
    int status =
        new CommandLine(new Tern())
            .setExecutionExceptionHandler((failure, command, parsed) -> {
              command
                  .getErr()
                  .println(command.getColorScheme().errorText("tern: " + failure.getMessage()));
              if (System.getenv("TERN_TRACE") != null) {
                failure.printStackTrace(command.getErr());
              }
              return 1;
            })
            .execute(arguments);
    // A service goes on in Spring's own threads after its command has returned.
    if (status != ServiceCommand.RUNS_ON) {
      System.exit(status);
    }
  }
}
