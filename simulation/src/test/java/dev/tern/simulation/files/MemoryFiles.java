package dev.tern.simulation.files;

import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.WatchService;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.spi.FileSystemProvider;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Files in memory that are as those of Linux where an agent can tell the difference, and list their
 * directories always in the same order. Of one thread.
 */
public final class MemoryFiles extends FileSystem {
  private final MemoryProvider provider = new MemoryProvider(this);
  private final InstantSource clock;
  private final FileEvents events;
  private final Supplier<Object> whoseLock;
  private final Node root;
  private long numbers;

  /**
   * Empty, but for its root.
   *
   * @param whoseLock who takes a lock of a file now
   */
  public MemoryFiles(InstantSource clock, FileEvents events, Supplier<Object> whoseLock) {
    this.clock = clock;
    this.events = events;
    this.whoseLock = whoseLock;
    this.root = new Node(0, true, FileTime.from(clock.instant()));
  }

  Node made(boolean directory) {
    numbers++;
    return new Node(numbers, directory, now());
  }

  FileTime now() {
    return FileTime.from(clock.instant());
  }

  FileEvents events() {
    return events;
  }

  Object locker() {
    return whoseLock.get();
  }

  @Nullable Node find(Path path) {
    Node at = root;
    for (String name : ((MemoryPath) path.toAbsolutePath().normalize()).names()) {
      Node next = at.children.get(name);
      if (next == null) {
        return null;
      }
      at = next;
    }
    return at;
  }

  /** A process is dead: the kernel lets go of its locks. */
  public void unlock(Object locker) {
    unlock(root, locker);
  }

  private static void unlock(Node node, Object locker) {
    if (locker.equals(node.lockedBy)) {
      node.lockedBy = null;
    }
    node.children.values().forEach(child -> unlock(child, locker));
  }

  /**
   * All files and empty directories below, by their paths, with their sizes; -1 for a directory.
   */
  public Map<String, Integer> below(Path path) {
    Map<String, Integer> all = new TreeMap<>();
    Node at = find(path);
    if (at != null) {
      list(at, "", all);
    }
    return all;
  }

  private static void list(Node at, String prefix, Map<String, Integer> into) {
    at.children.forEach((name, child) -> {
      if (!child.directory || child.children.isEmpty()) {
        into.put(prefix + name, child.directory ? -1 : child.size());
      }
      list(child, prefix + name + "/", into);
    });
  }

  @Override
  public FileSystemProvider provider() {
    return provider;
  }

  @Override
  public void close() {
    throw new UnsupportedOperationException("it ends with who has it");
  }

  @Override
  public boolean isOpen() {
    return true;
  }

  @Override
  public boolean isReadOnly() {
    return false;
  }

  @Override
  public String getSeparator() {
    return "/";
  }

  @Override
  public Iterable<Path> getRootDirectories() {
    return List.of(getPath("/"));
  }

  @Override
  public Iterable<FileStore> getFileStores() {
    return List.of();
  }

  @Override
  public Set<String> supportedFileAttributeViews() {
    return Set.of("basic", "posix");
  }

  @Override
  public Path getPath(String first, String... more) {
    return MemoryPath.parse(this, more.length == 0 ? first : first + "/" + String.join("/", more));
  }

  @Override
  public PathMatcher getPathMatcher(String pattern) {
    throw new UnsupportedOperationException(pattern);
  }

  @Override
  public UserPrincipalLookupService getUserPrincipalLookupService() {
    throw new UnsupportedOperationException("there is one user");
  }

  @Override
  public WatchService newWatchService() {
    throw new UnsupportedOperationException("nothing is watched");
  }
}
