package dev.tern.client.command;

import dev.tern.client.RefusedException;
import dev.tern.client.Server;
import dev.tern.client.TernClient;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/**
 * One word of the command line. It answers its exit status, and throws what {@link Client} maps.
 */
abstract class Verb implements Callable<Integer> {
  static final int DONE = 0;
  static final int FAILED = 1;

  @ParentCommand
  @SuppressWarnings("NullAway.Init")
  private Client client;

  @Option(names = "--json", description = "What the API answered, for programs.")
  private boolean json;

  final TernClient tern() throws IOException, InterruptedException {
    return client.tern();
  }

  final Screen screen() {
    return client.screen();
  }

  final Farewell farewell() {
    return client.farewell();
  }

  final boolean json() {
    return json;
  }

  final Server server(String idOrName) throws IOException, InterruptedException {
    return tern().server(idOrName);
  }

  static RefusedException refused(String reason) {
    return new RefusedException(0, reason);
  }
}
