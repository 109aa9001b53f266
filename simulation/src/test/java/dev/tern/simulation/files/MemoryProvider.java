package dev.tern.simulation.files;

import java.io.IOException;
import java.io.Serial;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.spi.FileSystemProvider;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What {@code Files} does with paths of {@link MemoryFiles}. */
final class MemoryProvider extends FileSystemProvider {
  private final MemoryFiles files;

  MemoryProvider(MemoryFiles files) {
    this.files = files;
  }

  /** Its stack is never looked at, and would cost more than the question. */
  private static final class Missing extends NoSuchFileException {
    @Serial private static final long serialVersionUID = 1L;

    Missing(Path path) {
      super(path.toString());
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
      return this;
    }
  }

  /** The same of what is there already. */
  private static final class Taken extends FileAlreadyExistsException {
    @Serial private static final long serialVersionUID = 1L;

    Taken(Path path) {
      super(path.toString());
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
      return this;
    }
  }

  private Node existing(Path path) throws IOException {
    Node node = files.find(path);
    if (node == null) {
      throw new Missing(path);
    }
    return node;
  }

  private Node parent(Path path) throws IOException {
    Node parent = existing(Objects.requireNonNull(path.toAbsolutePath().normalize().getParent()));
    if (!parent.directory) {
      throw new NotDirectoryException(path.toString());
    }
    return parent;
  }

  private static String name(Path path) {
    return String.valueOf(path.toAbsolutePath().normalize().getFileName());
  }

  @Override
  public SeekableByteChannel newByteChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return newFileChannel(path, options, attributes);
  }

  @Override
  public FileChannel newFileChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    boolean append = options.contains(StandardOpenOption.APPEND);
    boolean writes = append || options.contains(StandardOpenOption.WRITE);
    Node node = files.find(path);
    if (node != null && options.contains(StandardOpenOption.CREATE_NEW) && writes) {
      throw new Taken(path);
    }
    if (node == null) {
      if (!writes
          || !(options.contains(StandardOpenOption.CREATE)
              || options.contains(StandardOpenOption.CREATE_NEW))) {
        throw new Missing(path);
      }
      files.events().before("create", path);
      node = made(path, false, attributes);
    } else if (node.directory && writes) {
      throw new IOException(path + ": is a directory");
    } else if (writes && options.contains(StandardOpenOption.TRUNCATE_EXISTING)) {
      files.events().before("truncate", path);
      node.truncate(0);
    }
    return new MemoryChannel(files, path, node, writes, append);
  }

  private Node made(Path path, boolean directory, FileAttribute<?>... attributes)
      throws IOException {
    Node parent = parent(path);
    if (parent.children.containsKey(name(path))) {
      throw new Taken(path);
    }
    Node made = files.made(directory);
    made.mode =
        EnumSet.of(
            PosixFilePermission.OWNER_READ,
            PosixFilePermission.OWNER_WRITE,
            PosixFilePermission.OWNER_EXECUTE);
    for (FileAttribute<?> attribute : attributes) {
      if (attribute.name().equals("posix:permissions")) {
        made.mode = permissions(attribute.value());
      }
    }
    parent.children.put(name(path), made);
    return made;
  }

  private static Set<PosixFilePermission> permissions(Object value) {
    Set<PosixFilePermission> mode = EnumSet.noneOf(PosixFilePermission.class);
    ((Set<?>) value).forEach(one -> mode.add((PosixFilePermission) one));
    return mode;
  }

  @Override
  public DirectoryStream<Path> newDirectoryStream(
      Path directory, DirectoryStream.Filter<? super Path> filter) throws IOException {
    Node node = existing(directory);
    if (!node.directory) {
      throw new NotDirectoryException(directory.toString());
    }
    List<Path> entries = new ArrayList<>();
    for (String name : List.copyOf(node.children.keySet())) {
      Path entry = directory.resolve(name);
      if (filter.accept(entry)) {
        entries.add(entry);
      }
    }
    return new DirectoryStream<>() {
      @Override
      public Iterator<Path> iterator() {
        return entries.iterator();
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public void createDirectory(Path path, FileAttribute<?>... attributes) throws IOException {
    if (files.find(path) != null) {
      throw new Taken(path);
    }
    files.events().before("mkdir", path);
    made(path, true, attributes);
  }

  @Override
  public void delete(Path path) throws IOException {
    existing(path);
    files.events().before("delete", path);
    Node node = existing(path);
    if (!node.children.isEmpty()) {
      throw new DirectoryNotEmptyException(path.toString());
    }
    parent(path).children.remove(name(path));
  }

  @Override
  public void copy(Path source, Path target, CopyOption... options) {
    throw new UnsupportedOperationException("copy " + source);
  }

  @Override
  public boolean deleteIfExists(Path path) throws IOException {
    if (files.find(path) == null) {
      return false;
    }
    try {
      delete(path);
      return true;
    } catch (NoSuchFileException _) {
      return false; // somebody else did meanwhile
    }
  }

  @Override
  public void move(Path source, Path target, CopyOption... options) throws IOException {
    existing(source);
    files.events().before("move", target);
    Node moved = existing(source);
    Node there = files.find(target);
    boolean atomic = List.of(options).contains(StandardCopyOption.ATOMIC_MOVE);
    if (there != null
        && !atomic
        && !List.of(options).contains(StandardCopyOption.REPLACE_EXISTING)) {
      throw new Taken(target);
    }
    if (there != null && !there.children.isEmpty()) {
      throw new DirectoryNotEmptyException(target.toString());
    }
    Node into = parent(target);
    parent(source).children.remove(name(source));
    into.children.put(name(target), moved);
  }

  @Override
  public boolean isSameFile(Path one, Path other) throws IOException {
    return existing(one).equals(existing(other));
  }

  @Override
  public boolean isHidden(Path path) {
    return name(path).startsWith(".");
  }

  @Override
  public FileStore getFileStore(Path path) {
    throw new UnsupportedOperationException("its size is the host's to tell");
  }

  @Override
  public void checkAccess(Path path, AccessMode... modes) throws IOException {
    existing(path);
  }

  @Override
  public boolean exists(Path path, LinkOption... options) {
    return files.find(path) != null;
  }

  @Override
  public <A extends BasicFileAttributes> @Nullable A readAttributesIfExists(
      Path path, Class<A> type, LinkOption... options) {
    Node node = files.find(path);
    return node == null ? null : type.cast(new MemoryAttributes(node));
  }

  @Override
  public <A extends BasicFileAttributes> A readAttributes(
      Path path, Class<A> type, LinkOption... options) throws IOException {
    return type.cast(new MemoryAttributes(existing(path)));
  }

  @Override
  public <V extends FileAttributeView> @Nullable V getFileAttributeView(
      Path path, Class<V> type, LinkOption... options) {
    return type.isAssignableFrom(PosixFileAttributeView.class)
        ? type.cast(new MemoryAttributes.View(files, path))
        : null;
  }

  @Override
  public Map<String, Object> readAttributes(Path path, String attributes, LinkOption... options)
      throws IOException {
    MemoryAttributes of = new MemoryAttributes(existing(path));
    Map<String, Object> told = new TreeMap<>();
    for (String one : attributes.substring(attributes.indexOf(':') + 1).split(",", -1)) {
      told.put(
          one,
          switch (one) {
            case "dev" -> 1L;
            case "ino" -> of.number();
            case "size" -> of.size();
            case "ctime", "lastModifiedTime" -> of.lastModifiedTime();
            default -> throw new UnsupportedOperationException(attributes);
          });
    }
    return told;
  }

  @Override
  public void setAttribute(Path path, String attribute, Object value, LinkOption... options)
      throws IOException {
    if (!attribute.equals("posix:permissions")) {
      throw new UnsupportedOperationException(attribute);
    }
    existing(path).mode = permissions(value);
  }

  @Override
  public String getScheme() {
    return "memory";
  }

  @Override
  public FileSystem newFileSystem(URI uri, Map<String, ?> environment) {
    throw new UnsupportedOperationException(uri.toString());
  }

  @Override
  public FileSystem getFileSystem(URI uri) {
    return files;
  }

  @Override
  public Path getPath(URI uri) {
    return files.getPath(uri.getPath());
  }
}
