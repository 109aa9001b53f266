package dev.tern.client.command;

import dev.tern.client.Endpoint;
import dev.tern.client.LateException;
import dev.tern.client.Login;
import dev.tern.client.NoAnswerException;
import dev.tern.client.Pace;
import dev.tern.client.RefusedException;
import dev.tern.client.TernClient;
import dev.tern.client.Trust;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/**
 * The verbs of {@code ./tern} that ask a Tern over its REST API. Endpoint and token come from the
 * environment: {@code TERN_ENDPOINT}, else {@code OS_ENDPOINT}, else the catalog of who logs in,
 * else {@value Endpoint#USUAL}; {@code OS_TOKEN}, else a {@link Login}.
 */
@Command(
    name = "tern",
    synopsisSubcommandLabel = "VERB",
    exitCodeListHeading = "Exit status:%n",
    exitCodeList = {
      " 0: done; after --wait, the job ended as it should",
      " 1: refused, or the job ended otherwise; the reason is on standard error",
      " 2: wrongly called",
      " 3: no answer, so nobody knows; what was asked for may happen",
      " 4: the time to wait is over; the job goes on",
      "130: Ctrl-C; the job goes on"
    },
    subcommands = {
      ListServers.class,
      ShowServer.class,
      Migrate.class,
      LiveMigration.class,
      DomJobInfo.class,
      DomJobAbort.class,
      ForceComplete.class,
      Steer.class,
      MigrateSetSpeed.class,
      MigrateSetMaxDowntime.class,
      ListMigrations.class,
      ShowReceipt.class,
      ShowAudit.class,
      ShowDecisions.class,
      Preflight.class,
      DrainHost.class,
      FewMoves.Rebalance.class,
      FewMoves.Relieve.class,
      ListDrains.class,
      DrainVerb.Show.class,
      DrainVerb.Pause.class,
      DrainVerb.Resume.class,
      DrainVerb.Cancel.class,
      DrainVerb.Return.class,
      DomBlkList.class,
      DiskChain.class,
      DiskVerify.class,
      BlockCopy.class,
      BlockJob.class,
      Power.Start.class,
      Power.Stop.class,
      Power.Reboot.class,
      Power.Pause.class,
      Power.Unpause.class,
      Power.Suspend.class,
      Power.Resume.class,
      ConsoleLog.class,
    })
public final class Client {
  static final int REFUSED = 1;
  static final int USAGE = 2;
  static final int NO_ANSWER = 3;
  static final int LATE = 4;
  private static final int INTERRUPTED = 130;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "This.")
  @SuppressWarnings("UnusedVariable")
  private boolean help;

  private final Map<String, String> environment;
  private final Pace pace;
  private final Screen screen;
  private final Farewell farewell;
  private @Nullable TernClient tern;

  Client(Map<String, String> environment, Pace pace, Screen screen, Farewell farewell) {
    this.environment = environment;
    this.pace = pace;
    this.screen = screen;
    this.farewell = farewell;
  }

  /** Exits as the help says. */
  public static void main(String[] arguments) {
    System.exit(run(System.getenv(), System.out, System.err, arguments));
  }

  /**
   * Runs one command line.
   *
   * @param environment of which the endpoint and the token are taken
   * @return the exit status
   */
  public static int run(
      Map<String, String> environment, PrintStream out, PrintStream err, String... arguments) {
    Screen screen = new Screen(out, err);
    Client client = new Client(environment, Pace.REAL, screen, Farewell.of(screen));
    return client.run(
        new PrintWriter(out, true, out.charset()),
        new PrintWriter(err, true, err.charset()),
        arguments);
  }

  int run(PrintWriter out, PrintWriter err, String... arguments) {
    CommandLine line = new CommandLine(this);
    line.setOut(out)
        .setErr(err)
        .setParameterExceptionHandler((wrong, given) -> {
          screen.note(message(wrong));
          screen.note("how it is called: tern %s --help".formatted(verb(wrong)));
          return USAGE;
        })
        .setExecutionExceptionHandler((failure, command, parsed) -> status(failure));
    return line.execute(arguments);
  }

  private static String verb(CommandLine.ParameterException wrong) {
    String name = wrong.getCommandLine().getCommandName();
    return name.equals("tern") ? "VERB" : name;
  }

  private int status(Exception failure) throws Exception {
    switch (failure) {
      case RefusedException e -> screen.note(message(e));
      case NoAnswerException e -> screen.note(message(e));
      case LateException e -> screen.note(message(e));
      case IllegalArgumentException e -> screen.note(message(e));
      case InterruptedException _ -> screen.note("Interrupted.");
      default -> throw failure;
    }
    return switch (failure) {
      case NoAnswerException _ -> NO_ANSWER;
      case LateException _ -> LATE;
      case IllegalArgumentException _ -> USAGE;
      case InterruptedException _ -> INTERRUPTED;
      default -> REFUSED;
    };
  }

  static String message(Exception e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }

  /**
   * Logs in first, where the environment says how.
   *
   * @throws RefusedException when the login is refused
   * @throws NoAnswerException when nobody answers there
   */
  TernClient tern() throws IOException, InterruptedException {
    if (tern == null) {
      Optional<String> address = given("TERN_ENDPOINT").or(() -> given("OS_ENDPOINT"));
      Optional<Login> login =
          given("OS_TOKEN").isPresent() ? Optional.empty() : Login.of(environment);
      tern =
          login.isPresent()
              ? loggedIn(login.get(), address)
              : new TernClient(
                  Endpoint.of(address.orElse(Endpoint.USUAL), given("OS_TOKEN")),
                  Trust.ofEnvironment(environment),
                  pace);
    }
    return tern;
  }

  private TernClient loggedIn(Login login, Optional<String> address)
      throws IOException, InterruptedException {
    Login.Session session = login.logIn();
    String compute =
        address
            .or(session::compute)
            .orElseThrow(() ->
                new RefusedException(
                    0,
                    "The catalog there has no compute service; TERN_ENDPOINT says where it is."));
    return new TernClient(
        Endpoint.of(compute, Optional.of(session.token())), Optional.of(login), pace);
  }

  private Optional<String> given(String name) {
    return Optional.ofNullable(environment.get(name)).filter(value -> !value.isBlank());
  }

  Screen screen() {
    return screen;
  }

  Farewell farewell() {
    return farewell;
  }
}
