package dev.tern.standalone.chaos;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiPredicate;

/** Reads from the conductors' logs, as they grow, who begins which step of a saga. */
final class StepWatch implements AutoCloseable {
  private final List<Log> logs = new ArrayList<>();

  /** One conductor's, and the beginning of a line that is not whole yet. */
  private record Log(String conductor, RandomAccessFile file, StringBuilder begun) {}

  /**
   * From the logs' ends of now on.
   *
   * @param conductors each one's log by its name
   */
  StepWatch(Map<String, Path> conductors) throws IOException {
    for (Map.Entry<String, Path> each : conductors.entrySet()) {
      RandomAccessFile file = new RandomAccessFile(each.getValue().toFile(), "r");
      file.seek(file.length());
      logs.add(new Log(each.getKey(), file, new StringBuilder()));
    }
  }

  /** The conductor that has begun this step since; forgets what it has read. */
  Optional<String> sees(String step) throws IOException {
    return sees(
        (_, line) -> line.contains(" step started ") && line.contains("step=\"" + step + "\""));
  }

  /** Whether a conductor other than this one has begun, or ended, any step since. */
  boolean seesAnother(String conductor) throws IOException {
    return sees((who, line) ->
            !who.equals(conductor)
                && (line.contains(" step started ") || line.contains(" step finished ")))
        .isPresent();
  }

  private Optional<String> sees(BiPredicate<String, String> telling) throws IOException {
    byte[] bytes = new byte[1 << 16];
    Optional<String> seen = Optional.empty();
    for (Log log : logs) {
      for (int got = log.file().read(bytes); got > 0; got = log.file().read(bytes)) {
        log.begun().append(new String(bytes, 0, got, StandardCharsets.UTF_8));
        for (int end = log.begun().indexOf("\n"); end >= 0; end = log.begun().indexOf("\n")) {
          if (telling.test(log.conductor(), log.begun().substring(0, end))) {
            seen = Optional.of(log.conductor());
          }
          log.begun().delete(0, end + 1);
        }
      }
    }
    return seen;
  }

  @Override
  public void close() throws IOException {
    for (Log log : logs) {
      log.file().close();
    }
  }
}
