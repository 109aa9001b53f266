package dev.tern.standalone.demo;

import dev.tern.contract.Pause;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the console logs of one server on all hosts as they grow and tells a {@link GuestWatch}
 * each whole line, with when it was not there yet. A file need not be there yet. The interval of
 * the looks bounds how exactly a pause is seen.
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

  /** Where the guest spoke last; only the reading thread has it. */
  private @Nullable Console speaker;

  /** Starts to read at once. */
  public ConsoleTail(Map<String, Path> consoles, GuestWatch watch, Pause pause) {
    this.consoles = Collections.unmodifiableMap(new LinkedHashMap<>(consoles));
    this.watch = watch;
    this.pause = pause;
    this.thread = Thread.ofPlatform().name("console-tail").daemon().start(this::follow);
  }

  private void follow() {
    List<Console> all =
        consoles.entrySet().stream().map(c -> new Console(c.getKey(), c.getValue())).toList();
    byte[] buffer = new byte[1 << 16];
    try {
      while (!closed) {
        look(all, buffer);
        pause.of(LOOK);
      }
      for (Console console : all) {
        console.close();
      }
    } catch (IOException e) {
      failure = e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Reads where the guest spoke last after the others, and tells it before them: what it said there
   * before it spoke elsewhere is not told as if it had come back.
   */
  private void look(List<Console> all, byte[] buffer) throws IOException {
    for (Console console : all) {
      if (console != speaker) {
        console.read(buffer);
      }
    }
    Console last = speaker;
    if (last != null) {
      last.read(buffer);
      last.tell();
    }
    for (Console console : all) {
      if (console.tell()) {
        speaker = console;
      }
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

  /** One log and the beginning of a line that is not whole yet. */
  private final class Console {
    private final String host;
    private final Path file;
    private final StringBuilder begun = new StringBuilder();
    private final List<String> fresh = new ArrayList<>();
    private @Nullable FileChannel channel;
    private @Nullable Object key;

    /** Everything that was there at this time of {@link System#nanoTime} has been read. */
    private long readUpTo = System.nanoTime();

    /** Between these two came what is fresh. */
    private long absent;

    private long seen;

    Console(String host, Path file) {
      this.host = host;
      this.file = file;
    }

    void read(byte[] buffer) throws IOException {
      FileChannel open = channel;
      if (open == null) {
        reopen();
        return;
      }
      long looked = System.nanoTime();
      int got = open.read(ByteBuffer.wrap(buffer));
      if (got <= 0) {
        // A server that left and came back has a new log under the old name.
        readUpTo = looked;
        reopen();
        return;
      }
      absent = readUpTo;
      seen = System.nanoTime();
      String text = new String(buffer, 0, got, StandardCharsets.ISO_8859_1);
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        if (c == '\n') {
          fresh.add(begun.toString());
          begun.setLength(0);
        } else if (c != '\r' && begun.length() < LONGEST_LINE) {
          begun.append(c);
        }
      }
      if (got < buffer.length) {
        readUpTo = looked;
      }
    }

    /** Whether there was anything to tell. */
    boolean tell() {
      fresh.forEach(line -> watch.saw(absent, seen, host, GuestLine.parse(line)));
      boolean told = !fresh.isEmpty();
      fresh.clear();
      return told;
    }

    private void reopen() throws IOException {
      try {
        Object now = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        if (!now.equals(key)) {
          close();
          channel = FileChannel.open(file, StandardOpenOption.READ);
          key = now;
          begun.setLength(0);
        }
      } catch (NoSuchFileException e) {
        // The server is not, or no longer, on this host; an open log may still hold its last words.
        return;
      }
    }

    void close() throws IOException {
      FileChannel open = channel;
      if (open != null) {
        open.close();
      }
    }
  }
}
