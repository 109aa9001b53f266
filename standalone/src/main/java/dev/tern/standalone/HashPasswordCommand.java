package dev.tern.standalone;

import dev.tern.api.identity.PasswordHash;
import java.io.BufferedReader;
import java.io.Console;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ./tern hash-password}: what the users' file says instead of a password. */
@Command(
    name = "hash-password",
    description = "Reads a password, from the terminal or standard input, and prints its hash.",
    mixinStandardHelpOptions = true)
final class HashPasswordCommand implements Callable<Integer> {
  @Spec private CommandSpec command = CommandSpec.create();

  @Override
  public Integer call() throws Exception {
    String password = read();
    if (password == null || password.isEmpty()) {
      command.commandLine().getErr().println("tern: no password came");
      return 2;
    }
    command
        .commandLine()
        .getOut()
        .println(PasswordHash.of(password, PasswordHash.USUAL, new SecureRandom()));
    return 0;
  }

  private static @Nullable String read() throws java.io.IOException {
    Optional<Console> terminal = Optional.ofNullable(System.console()).filter(Console::isTerminal);
    if (terminal.isPresent()) {
      char[] typed = terminal.get().readPassword("password: ");
      return typed == null ? null : new String(typed);
    }
    return new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
  }
}
