package dev.tern.simulation.files;

import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A file or a directory. */
final class Node {
  final long number;
  final boolean directory;
  final TreeMap<String, Node> children = new TreeMap<>();
  Set<PosixFilePermission> mode = EnumSet.noneOf(PosixFilePermission.class);
  FileTime modified;
  @Nullable Object lockedBy;
  private byte[] content = new byte[0];
  private int size;

  Node(long number, boolean directory, FileTime modified) {
    this.number = number;
    this.directory = directory;
    this.modified = modified;
  }

  int size() {
    return size;
  }

  void truncate(long to) {
    size = (int) Math.min(size, to);
  }

  void write(long at, byte[] bytes, int length) {
    int end = Math.toIntExact(at) + length;
    if (end > content.length) {
      content = Arrays.copyOf(content, Math.max(end, 2 * content.length));
    }
    if (at > size) {
      Arrays.fill(content, size, (int) at, (byte) 0);
    }
    System.arraycopy(bytes, 0, content, (int) at, length);
    size = Math.max(size, end);
  }

  int read(long at, byte[] into, int length) {
    int there = (int) Math.max(0, Math.min(length, size - at));
    if (there > 0) {
      System.arraycopy(content, (int) at, into, 0, there);
    }
    return there;
  }

  byte[] content() {
    return Arrays.copyOf(content, size);
  }
}
