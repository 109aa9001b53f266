package dev.tern.standalone.load;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import org.jspecify.annotations.Nullable;

/** A path of somebody who may die; the same path of two lives is equal. */
record MortalPath(MortalFiles files, Path plain) implements Path {
  static Path plain(Path path) {
    return path instanceof MortalPath mortal ? mortal.plain : path;
  }

  private MortalPath of(Path path) {
    return new MortalPath(files, path);
  }

  private @Nullable MortalPath orNull(@Nullable Path path) {
    return path == null ? null : of(path);
  }

  @Override
  public FileSystem getFileSystem() {
    return files.system();
  }

  @Override
  public boolean isAbsolute() {
    return plain.isAbsolute();
  }

  @Override
  public @Nullable Path getRoot() {
    return orNull(plain.getRoot());
  }

  @Override
  public @Nullable Path getFileName() {
    return orNull(plain.getFileName());
  }

  @Override
  public @Nullable Path getParent() {
    return orNull(plain.getParent());
  }

  @Override
  public int getNameCount() {
    return plain.getNameCount();
  }

  @Override
  public Path getName(int index) {
    return of(plain.getName(index));
  }

  @Override
  public Path subpath(int begin, int end) {
    return of(plain.subpath(begin, end));
  }

  @Override
  public boolean startsWith(Path other) {
    return plain.startsWith(plain(other));
  }

  @Override
  public boolean endsWith(Path other) {
    return plain.endsWith(plain(other));
  }

  @Override
  public Path normalize() {
    return of(plain.normalize());
  }

  @Override
  public Path resolve(Path other) {
    return of(plain.resolve(plain(other)));
  }

  @Override
  public Path relativize(Path other) {
    return of(plain.relativize(plain(other)));
  }

  @Override
  public URI toUri() {
    return plain.toUri();
  }

  @Override
  public Path toAbsolutePath() {
    return of(plain.toAbsolutePath());
  }

  @Override
  public Path toRealPath(LinkOption... options) throws IOException {
    return files.owner().act(() -> of(plain.toRealPath(options)));
  }

  /** Only while alive; what is opened by it is not closed by a death. */
  @Override
  public File toFile() {
    return files.owner().act(plain::toFile);
  }

  @Override
  public WatchKey register(
      WatchService watcher, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... modifiers) {
    throw new UnsupportedOperationException("nothing here watches files");
  }

  @Override
  public int compareTo(Path other) {
    return plain.compareTo(plain(other));
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof MortalPath path && plain.equals(path.plain);
  }

  @Override
  public int hashCode() {
    return plain.hashCode();
  }

  @Override
  public String toString() {
    return plain.toString();
  }
}
