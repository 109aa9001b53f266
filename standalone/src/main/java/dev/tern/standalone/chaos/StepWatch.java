package dev.tern.standalone.chaos;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Reads from the conductor's log, as it grows, which step of a saga begins. */
final class StepWatch implements AutoCloseable {
  private final RandomAccessFile log;
  private final StringBuilder begun = new StringBuilder();

  /** From the log's end of now on. */
  StepWatch(Path log) throws IOException {
    this.log = new RandomAccessFile(log.toFile(), "r");
    this.log.seek(this.log.length());
  }

  /** Whether this step has begun since; forgets what it has read. */
  boolean sees(String step) throws IOException {
    byte[] bytes = new byte[1 << 16];
    boolean seen = false;
    for (int got = log.read(bytes); got > 0; got = log.read(bytes)) {
      begun.append(new String(bytes, 0, got, StandardCharsets.UTF_8));
      for (int end = begun.indexOf("\n"); end >= 0; end = begun.indexOf("\n")) {
        String line = begun.substring(0, end);
        begun.delete(0, end + 1);
        seen |= line.contains(" step started ") && line.contains("step=\"" + step + "\"");
      }
    }
    return seen;
  }

  @Override
  public void close() throws IOException {
    log.close();
  }
}
