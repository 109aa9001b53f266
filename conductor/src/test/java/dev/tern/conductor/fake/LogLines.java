package dev.tern.conductor.fake;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.slf4j.LoggerFactory;

/** What a class logs while something runs. */
public final class LogLines {
  private LogLines() {}

  /** Something that may wait. */
  @FunctionalInterface
  public interface Run {
    void run() throws InterruptedException;
  }

  /** The keys of the lines with this message, in order. */
  public static List<Map<String, Object>> of(Class<?> logging, String message, Run run)
      throws InterruptedException {
    Logger log = (Logger) LoggerFactory.getLogger(logging);
    Level before = log.getLevel();
    ListAppender<ILoggingEvent> lines = new ListAppender<>();
    lines.start();
    log.setLevel(Level.INFO);
    log.addAppender(lines);
    try {
      run.run();
    } finally {
      log.detachAppender(lines);
      log.setLevel(before);
    }
    return lines.list.stream()
        .filter(line -> line.getMessage().equals(message))
        .map(line ->
            line.getKeyValuePairs().stream()
                .collect(Collectors.toMap(pair -> pair.key, pair -> pair.value)))
        .toList();
  }
}
