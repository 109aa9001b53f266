package dev.tern.simulation.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** Told of each change of a file, before it happens. */
public interface FileEvents {
  /**
   * A change is about to happen.
   *
   * @param what the change, in one word
   * @throws IOException when it shall not happen: the disk is full, for example
   */
  void before(String what, Path path) throws IOException;

  /**
   * These bytes are about to be written; the answer is how many of them are. When it is not all,
   * {@link #torn} is called next.
   */
  int written(Path path, ByteBuffer bytes) throws IOException;

  /** Fewer bytes were written than there were. */
  void torn(Path path) throws IOException;
}
