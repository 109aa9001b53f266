package dev.tern.agent;

import dev.tern.agent.JournalLines.DamagedJournal;
import dev.tern.agent.Standing.ImpossibleEntry;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The durable memory of one server on this host: {@code instances/<server>/journal}. What it does
 * not allow, the agent does not do; whoever appends first of two contradicting entries wins, and
 * the other is told.
 */
final class Journal implements AutoCloseable {
  static final String NAME = "journal";

  /** In the same directory; made when a guest is started, which is recorded before. */
  private static final String CONSOLE = "console.log";

  private static final Logger log = LoggerFactory.getLogger(Journal.class);

  /** Guards the file and {@link #standing}: one entry is judged and written at a time. */
  private final ReentrantLock writing = new ReentrantLock();

  private final FileChannel file;
  private long length;
  private volatile Standing standing;
  private boolean broken;

  private Journal(FileChannel file, long length, Standing standing) {
    this.file = file;
    this.length = length;
    this.standing = standing;
  }

  /** The entry may not follow what is there; nothing was written. */
  static final class Conflict extends IOException {
    private static final long serialVersionUID = 1L;

    Conflict(ImpossibleEntry cause) {
      super(cause.getMessage(), cause);
    }
  }

  /**
   * The journal of an instance directory; empty when there is none yet, or the directory's making
   * was cut off.
   *
   * @throws DamagedJournal see {@link #open}; also when it is gone or empty though a guest was
   *     started there: the directory may hold the only copy of its disks
   */
  static Optional<Journal> find(Path directory) throws IOException, DamagedJournal {
    Path file = directory.resolve(NAME);
    boolean started = Files.exists(directory.resolve(CONSOLE), LinkOption.NOFOLLOW_LINKS);
    if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      if (started) {
        throw new DamagedJournal(0, "it is gone, and a guest was started here");
      }
      return Optional.empty();
    }
    Journal opened = open(file);
    if (started && opened.standing().place() == Standing.Place.NOTHING) {
      opened.close();
      throw new DamagedJournal(0, "it is empty, and a guest was started here");
    }
    return Optional.of(opened);
  }

  /**
   * Opens or creates the journal; a new one is in its directory durably when this returns.
   *
   * @throws DamagedJournal when an acknowledged entry is unreadable or contradicts another
   */
  static Journal open(Path path) throws IOException, DamagedJournal {
    boolean existed = Files.exists(path, LinkOption.NOFOLLOW_LINKS);
    FileChannel file =
        FileChannel.open(
            path,
            java.util.Set.of(
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                LinkOption.NOFOLLOW_LINKS),
            Durable.FILE_OF_OWNER);
    try {
      if (!existed) {
        file.force(true);
        Durable.syncDirectory(path.getParent());
      }
      JournalLines.Read read = JournalLines.read(bytes(file));
      if (read.torn()) {
        log.atWarn()
            .addKeyValue("journal", path)
            .addKeyValue("bytes", file.size() - read.length())
            .log("an append was cut off and never took effect; the torn line is removed");
        keepTorn(path, file, read.length());
        file.truncate(read.length());
        file.force(true);
      }
      return new Journal(file, read.length(), Standing.of(read.entries()));
    } catch (ImpossibleEntry e) {
      closeAfter(file, e);
      throw new DamagedJournal(0, String.valueOf(e.getMessage()));
    } catch (IOException | DamagedJournal e) {
      closeAfter(file, e);
      throw e;
    }
  }

  /** What is cut off is kept beside it, for whoever has to find out what happened. */
  private static void keepTorn(Path path, FileChannel file, int from) throws IOException {
    byte[] all = bytes(file);
    Durable.write(
        path.resolveSibling(path.getFileName() + ".torn"),
        java.util.Arrays.copyOfRange(all, from, all.length));
  }

  private static void closeAfter(FileChannel file, Exception failure) {
    try {
      file.close();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  private static byte[] bytes(FileChannel file) throws IOException {
    ByteBuffer all = ByteBuffer.allocate(Math.toIntExact(file.size()));
    while (all.hasRemaining() && file.read(all, all.position()) >= 0) {
      // Until all is read.
    }
    return java.util.Arrays.copyOf(all.array(), all.position());
  }

  Standing standing() {
    return standing;
  }

  /**
   * Returns when the entry is on the disk.
   *
   * @throws Conflict when it may not follow; nothing was written
   * @throws IOException when it could not be written; it does not count, now or after a restart,
   *     unless the disk refuses even to take it back, and then nothing more is written
   */
  void append(JournalEntry entry) throws IOException {
    writing.lock();
    try {
      Standing next = standing.after(entry);
      write(JournalLines.line(entry));
      standing = next;
    } catch (ImpossibleEntry e) {
      throw new Conflict(e);
    } finally {
      writing.unlock();
    }
  }

  /** Appends when the condition holds, judged and written as one. */
  boolean appendIf(Predicate<Standing> condition, JournalEntry entry) throws IOException {
    writing.lock();
    try {
      if (!condition.test(standing)) {
        return false;
      }
      append(entry);
      return true;
    } finally {
      writing.unlock();
    }
  }

  /** Something done to the guest that a record must not overtake. */
  @FunctionalInterface
  interface Deed {
    void run() throws IOException, VirtException;
  }

  /** Does it when the condition holds; no entry is written meanwhile, so it holds until the end. */
  void during(Predicate<Standing> condition, Deed deed) throws IOException, VirtException {
    writing.lock();
    try {
      if (condition.test(standing)) {
        deed.run();
      }
    } finally {
      writing.unlock();
    }
  }

  /**
   * Whether what could not be written is known not to count. Otherwise a restart may find that it
   * does.
   */
  boolean certain() {
    writing.lock();
    try {
      return !broken;
    } finally {
      writing.unlock();
    }
  }

  private void write(byte[] line) throws IOException {
    if (broken) {
      throw new IOException("the journal could not be written before; nothing is until a restart");
    }
    try {
      ByteBuffer bytes = ByteBuffer.wrap(line);
      long at = length;
      while (bytes.hasRemaining()) {
        at += file.write(bytes, at);
      }
      file.force(false);
      length = at;
    } catch (IOException e) {
      takeBack(e);
      throw e;
    }
  }

  private void takeBack(IOException failure) {
    try {
      file.truncate(length);
      file.force(true);
    } catch (IOException e) {
      broken = true;
      failure.addSuppressed(e);
    }
  }

  /** From now on nothing is written: whoever tries fails, as if the agent had died. */
  @Override
  public void close() throws IOException {
    writing.lock();
    try {
      broken = true;
      file.close();
    } finally {
      writing.unlock();
    }
  }
}
