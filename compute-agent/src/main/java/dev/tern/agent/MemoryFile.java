package dev.tern.agent;

import dev.tern.agent.Standing.Saved;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * The file with a suspended guest's memory, {@code memory-<epoch>} in its directory. Only the
 * server's journal says whether it is the guest: one that the journal does not name is void,
 * whatever is in it.
 */
final class MemoryFile {
  private static final Pattern NAME = Pattern.compile("memory-[0-9]{1,19}(?:\\.new)?");

  private MemoryFile() {}

  static Path of(Path directory, long epoch) {
    return directory.resolve("memory-" + epoch);
  }

  /**
   * A new file, readable by the agent's user alone, that counts and sums up what goes into it. It
   * has its name once {@link Writer#finish} has returned.
   */
  static Writer create(Path directory, long epoch) throws IOException {
    Path half = directory.resolve("memory-" + epoch + Durable.HALF);
    return new Writer(
        directory,
        epoch,
        half,
        FileChannel.open(
            half,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            Durable.FILE_OF_OWNER));
  }

  /** Written once, from its beginning. */
  static final class Writer implements WritableByteChannel {
    private final Path directory;
    private final long epoch;
    private final Path half;
    private final FileChannel file;
    private final CRC32C sum = new CRC32C();

    private Writer(Path directory, long epoch, Path half, FileChannel file) {
      this.directory = directory;
      this.epoch = epoch;
      this.half = half;
      this.file = file;
    }

    @Override
    public int write(ByteBuffer bytes) throws IOException {
      ByteBuffer taken = bytes.duplicate();
      int written = file.write(bytes);
      sum.update(taken.limit(taken.position() + written));
      return written;
    }

    /** Every byte, and the name, are there after a crash once this returns. */
    Saved finish() throws IOException {
      file.force(true);
      long bytes = file.size();
      file.close();
      Durable.rename(half, of(directory, epoch));
      return new Saved(epoch, bytes, sum.getValue());
    }

    @Override
    public boolean isOpen() {
      return file.isOpen();
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }

  /**
   * The saved file for one reading. Where another would end, it fails unless all of it was what was
   * saved.
   *
   * @throws IOException when it is not there, or of another length
   */
  static Reader open(Path directory, Saved saved) throws IOException {
    FileChannel file =
        FileChannel.open(
            of(directory, saved.epoch()), StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    if (file.size() != saved.bytes()) {
      long there = file.size();
      file.close();
      throw new IOException("it has %d bytes of %d".formatted(there, saved.bytes()));
    }
    return new Reader(file, saved);
  }

  /** Read once, from its beginning. */
  static final class Reader implements ReadableByteChannel {
    private final FileChannel file;
    private final Saved saved;
    private final CRC32C sum = new CRC32C();

    private Reader(FileChannel file, Saved saved) {
      this.file = file;
      this.saved = saved;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
      ByteBuffer given = into.duplicate();
      int read = file.read(into);
      if (read < 0) {
        if (sum.getValue() != saved.sum()) {
          throw new IOException("its checksum is not that of what was saved");
        }
        return read;
      }
      sum.update(given.limit(given.position() + read));
      return read;
    }

    @Override
    public boolean isOpen() {
      return file.isOpen();
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }

  /** What is wrong with the guest's file, as far as a look tells; empty text when nothing is. */
  static String look(Path directory, Standing standing) {
    Optional<Saved> saved = standing.saved();
    if (saved.isEmpty()) {
      return "";
    }
    try {
      long there = Files.size(of(directory, saved.get().epoch()));
      return there == saved.get().bytes()
          ? ""
          : "its saved memory has %d bytes of %d".formatted(there, saved.get().bytes());
    } catch (IOException e) {
      return "its saved memory cannot be read: " + e.getMessage();
    }
  }

  /** Files of this kind that are not the guest. */
  static List<Path> voids(Path directory, Standing standing) throws IOException {
    Optional<Path> guest = standing.saved().map(saved -> of(directory, saved.epoch()));
    List<Path> found = new ArrayList<>();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        if (NAME.matcher(file.getFileName().toString()).matches()
            && !guest.equals(Optional.of(file))) {
          found.add(file);
        }
      }
    }
    return found;
  }

  /** Removes them. Not while one is being written. */
  static void removeVoid(Path directory, Standing standing) throws IOException {
    for (Path file : voids(directory, standing)) {
      Files.deleteIfExists(file);
    }
  }
}
