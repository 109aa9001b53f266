package dev.tern.standalone;

import dev.tern.contract.Pause;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code ./tern up}: all of it in the foreground until it is interrupted, or until it has started.
 */
@Command(
    name = "up",
    description = "Starts Tern on this machine, in the foreground, and keeps its state.",
    mixinStandardHelpOptions = true)
final class UpCommand implements Callable<Integer> {
  @Mixin private FormOptions options = new FormOptions();

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "8774",
      description = "port of the API (default: ${DEFAULT-VALUE})")
  private int port = 8774;

  @Option(names = "--until-ready", description = "end when all of it has started: a try")
  private boolean untilReady;

  @Spec private CommandSpec command = CommandSpec.create();

  @Override
  public Integer call() throws Exception {
    PrintWriter out = command.commandLine().getOut();
    CountDownLatch stop = new CountDownLatch(1);
    CountDownLatch stopped = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> endOrderly(stop, stopped), "stop"));
    FormSettings asked = options.settings("up", port);
    boolean own = LocalIdentity.isFor(asked.properties());
    LocalIdentity identity = new LocalIdentity(asked.data());
    FormSettings settings = own ? asked.with(identity.prepare(asked.properties())) : asked;
    try (StandaloneForm form =
        StandaloneForm.start(settings, Pause.SLEEPING, line -> say(out, line))) {
      Leftovers.keep(form.data());
      if (own) {
        identity.writeClouds(form.api());
      }
      say(out, own ? form.welcome(withClouds(identity)) : form.welcome());
      if (!untilReady) {
        stop.await();
        say(out, "stopping; guests run on");
      }
    } finally {
      stopped.countDown();
    }
    return 0;
  }

  private static List<String> withClouds(LocalIdentity identity) {
    return List.of(
        "export OS_CLIENT_CONFIG_FILE=" + identity.clouds(),
        "openstack --os-cloud tern server list");
  }

  /** Runs in the JVM's shutdown: lets {@link #call} close the form, and waits for that. */
  private static void endOrderly(CountDownLatch stop, CountDownLatch stopped) {
    stop.countDown();
    try {
      stopped.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void say(PrintWriter out, String line) {
    out.println(line);
    out.flush();
  }
}
