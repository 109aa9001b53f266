package dev.tern.client.command;

import dev.tern.client.Pace;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What came of a command line. */
record Typed(int status, String out, String err, List<String> farewells) {

  /** Types it, at a clock that only pauses move. */
  static Typed type(FakeTern tern, String... arguments) {
    return type(Map.of("TERN_ENDPOINT", tern.endpoint()), arguments);
  }

  static Typed type(Map<String, String> environment, String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    PrintStream to = new PrintStream(out, true, StandardCharsets.UTF_8);
    PrintStream toErr = new PrintStream(err, true, StandardCharsets.UTF_8);
    List<String> farewells = new ArrayList<>();
    Client client =
        new Client(
            new HashMap<>(environment),
            new Jump(),
            new Screen(to, toErr),
            words -> {
              farewells.add(words);
              return () -> {};
            });
    int status =
        client.run(
            new PrintWriter(to, true, StandardCharsets.UTF_8),
            new PrintWriter(toErr, true, StandardCharsets.UTF_8),
            arguments);
    return new Typed(
        status,
        out.toString(StandardCharsets.UTF_8),
        err.toString(StandardCharsets.UTF_8),
        farewells);
  }

  /** A pause is over at once, and time has passed. */
  private static final class Jump implements Pace {
    private long nanos;

    @Override
    public long nanos() {
      return nanos;
    }

    @Override
    public void pause(Duration length) {
      nanos += length.toNanos();
    }
  }
}
