package dev.tern.standalone.demo;

import dev.tern.contract.Pause;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the console logs of one server on all hosts as they grow and tells a {@link GuestWatch} each whole line. A file need not
 * be there yet. The look-interval bounds how exactly a pause is seen.
 */
public final class ConsoleTail implements AutoCloseable {
  private static final Duration LOOK = Duration.ofMillis(1);
  private static final int LONGEST_LINE = 4096;

  private final Map<String, Path> consoles;
  private final GuestWatch watch;
  private final Pause pause;
  private final Thread thread;
  private volatile boolean closed;
  private volatile @Nullable IOException failure;

  /** Starts to read at once. */
  public ConsoleTail(Map<String, Path> consoles, GuestWatch watch, Pause pause) {
    this.consoles = Map.copyOf(consoles);
    this.watch = watch;
    this.pause = pause;
    this.thread = Thread.ofPlatform().name("console-tail").daemon().start(this::follow);
  }

  private void follow() {
    Map<String, Console> open = new LinkedHashMap<>();
    byte[] buffer = new byte[1 << 16];
    try {
      while (!closed) {
        for (Map.Entry<String, Path> console : consoles.entrySet()) {
          if (!open.containsKey(console.getKey()) && Files.exists(console.getValue())) {
            open.put(
                console.getKey(),
                new Console(console.getKey(), FileChannel.open(console.getValue(), StandardOpenOption.READ)));
          }
        }
        for (Console console : open.values()) {
          console.read(buffer);
        }
        pause.of(LOOK);
      }
    } catch (IOException e) {
      failure = e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      open.values().forEach(Console::close);
    }
  }

  /** Stops reading, when what is there now has been read. */
  @Override
  public void close() throws IOException {
    closed = true;
    try {
      thread.join(Duration.ofSeconds(5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    IOException why = failure;
    if (why != null) {
      throw new IOException("A guest console could not be read.", why);
    }
  }

  /** One open log and the beginning of a line that is not whole yet. */
  private final class Console {
    private final String host;
    private final FileChannel channel;
    private final StringBuilder begun = new StringBuilder();

    Console(String host, FileChannel channel) {
      this.host = host;
      this.channel = channel;
    }

    void read(byte[] buffer) throws IOException {
      int got = channel.read(ByteBuffer.wrap(buffer));
      if (got <= 0) {
        return;
      }
      long seen = System.nanoTime();
      String text = new String(buffer, 0, got, StandardCharsets.ISO_8859_1);
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        if (c == '\n') {
          watch.saw(seen, host, GuestLine.parse(begun.toString()));
          begun.setLength(0);
        } else if (c != '\r' && begun.length() < LONGEST_LINE) {
          begun.append(c);
        }
      }
    }

    void close() {
      try {
        channel.close();
      } catch (IOException e) {
        failure = e;
      }
    }
  }
}
