package dev.tern.simulation.files;

import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A path of {@link MemoryFiles}. */
final class MemoryPath implements Path {
  private final MemoryFiles files;
  private final boolean absolute;
  private final List<String> names;
  private @Nullable String text;

  MemoryPath(MemoryFiles files, boolean absolute, List<String> names) {
    this.files = files;
    this.absolute = absolute;
    this.names = List.copyOf(names);
  }

  static MemoryPath parse(MemoryFiles files, String text) {
    List<String> names = new ArrayList<>();
    for (String name : text.split("/", -1)) {
      if (!name.isEmpty()) {
        names.add(name);
      }
    }
    return new MemoryPath(files, text.startsWith("/"), names);
  }

  List<String> names() {
    return names;
  }

  private MemoryPath with(boolean rooted, List<String> of) {
    return new MemoryPath(files, rooted, of);
  }

  private static MemoryPath own(Path path) {
    if (path instanceof MemoryPath own) {
      return own;
    }
    throw new ProviderMismatchException(path + " is on another file system");
  }

  @Override
  public FileSystem getFileSystem() {
    return files;
  }

  @Override
  public boolean isAbsolute() {
    return absolute;
  }

  @Override
  public @Nullable Path getRoot() {
    return absolute ? with(true, List.of()) : null;
  }

  @Override
  public @Nullable Path getFileName() {
    return names.isEmpty() ? null : with(false, List.of(names.getLast()));
  }

  @Override
  public @Nullable Path getParent() {
    if (names.isEmpty() || (names.size() == 1 && !absolute)) {
      return null;
    }
    return with(absolute, names.subList(0, names.size() - 1));
  }

  @Override
  public int getNameCount() {
    return names.size();
  }

  @Override
  public Path getName(int index) {
    return with(false, List.of(names.get(index)));
  }

  @Override
  public Path subpath(int begin, int end) {
    return with(false, names.subList(begin, end));
  }

  @Override
  public boolean startsWith(Path other) {
    return other instanceof MemoryPath of
        && of.absolute == absolute
        && of.names.size() <= names.size()
        && names.subList(0, of.names.size()).equals(of.names);
  }

  @Override
  public boolean endsWith(Path other) {
    return other instanceof MemoryPath of
        && (!of.absolute || equals(of))
        && of.names.size() <= names.size()
        && names.subList(names.size() - of.names.size(), names.size()).equals(of.names);
  }

  @Override
  public Path normalize() {
    if (!names.contains(".") && !names.contains("..")) {
      return this;
    }
    List<String> kept = new ArrayList<>();
    for (String name : names) {
      if (name.equals("..") && !kept.isEmpty()) {
        kept.removeLast();
      } else if (!name.equals(".") && !name.equals("..")) {
        kept.add(name);
      }
    }
    return with(absolute, kept);
  }

  @Override
  public Path resolve(Path other) {
    MemoryPath of = own(other);
    if (of.absolute) {
      return of;
    }
    List<String> all = new ArrayList<>(names);
    all.addAll(of.names);
    return with(absolute, all);
  }

  @Override
  public Path relativize(Path other) {
    MemoryPath of = own(other);
    if (!of.startsWith(this)) {
      throw new IllegalArgumentException(other + " is not below " + this);
    }
    return with(false, of.names.subList(names.size(), of.names.size()));
  }

  @Override
  public URI toUri() {
    return URI.create("memory://" + toAbsolutePath());
  }

  @Override
  public Path toAbsolutePath() {
    return absolute ? this : with(true, names);
  }

  @Override
  public Path toRealPath(LinkOption... options) {
    return toAbsolutePath().normalize();
  }

  @Override
  public WatchKey register(
      WatchService watcher, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... modifiers) {
    throw new UnsupportedOperationException("nothing is watched");
  }

  @Override
  public int compareTo(Path other) {
    return toString().compareTo(other.toString());
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof MemoryPath of
        && of.files == files
        && of.absolute == absolute
        && of.names.equals(names);
  }

  @Override
  public int hashCode() {
    return names.hashCode();
  }

  @Override
  public String toString() {
    String known = text;
    if (known == null) {
      known = (absolute ? "/" : "") + String.join("/", names);
      text = known;
    }
    return known;
  }
}
