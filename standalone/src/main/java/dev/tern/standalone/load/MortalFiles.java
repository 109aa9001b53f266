package dev.tern.standalone.load;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.spi.FileSystemProvider;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The machine's files for one life of a part: with its death its open files are closed and it can
 * touch none any more, as when a process is killed. What was written stays.
 */
final class MortalFiles extends FileSystemProvider {
  private final Mortal owner;
  private final FileSystemProvider plain = FileSystems.getDefault().provider();
  private final MortalFileSystem system = new MortalFileSystem(this, FileSystems.getDefault());

  MortalFiles(Mortal owner) {
    this.owner = owner;
  }

  Mortal owner() {
    return owner;
  }

  FileSystem system() {
    return system;
  }

  Path path(Path of) {
    return new MortalPath(this, of);
  }

  private <T> T act(Mortal.Act<T, IOException> act) throws IOException {
    return owner.act(act);
  }

  /** Something done without an answer. */
  @FunctionalInterface
  private interface Deed {
    void run() throws IOException;
  }

  private void deed(Deed deed) throws IOException {
    boolean _ =
        act(() -> {
          deed.run();
          return true;
        });
  }

  private static Path of(Path path) {
    return MortalPath.plain(path);
  }

  @Override
  public String getScheme() {
    return "mortal";
  }

  @Override
  public FileSystem newFileSystem(URI uri, Map<String, ?> environment) {
    throw new UnsupportedOperationException("there is one for each life");
  }

  @Override
  public FileSystem getFileSystem(URI uri) {
    return system;
  }

  @Override
  public Path getPath(URI uri) {
    throw new UnsupportedOperationException("paths come from the agent's data directory");
  }

  @Override
  public FileChannel newFileChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return act(() -> new MortalChannel(owner, plain.newFileChannel(of(path), options, attributes)));
  }

  @Override
  public SeekableByteChannel newByteChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return newFileChannel(path, options, attributes);
  }

  @Override
  public DirectoryStream<Path> newDirectoryStream(
      Path directory, DirectoryStream.Filter<? super Path> filter) throws IOException {
    DirectoryStream<Path> stream =
        act(() -> plain.newDirectoryStream(of(directory), path -> filter.accept(path(path))));
    return new DirectoryStream<>() {
      @Override
      public Iterator<Path> iterator() {
        Iterator<Path> plainly = stream.iterator();
        return new Iterator<>() {
          @Override
          public boolean hasNext() {
            return plainly.hasNext();
          }

          @Override
          public Path next() {
            return path(plainly.next());
          }
        };
      }

      @Override
      public void close() throws IOException {
        stream.close();
      }
    };
  }

  @Override
  public void createDirectory(Path directory, FileAttribute<?>... attributes) throws IOException {
    deed(() -> plain.createDirectory(of(directory), attributes));
  }

  @Override
  public void createSymbolicLink(Path link, Path target, FileAttribute<?>... attributes)
      throws IOException {
    deed(() -> plain.createSymbolicLink(of(link), of(target), attributes));
  }

  @Override
  public void createLink(Path link, Path existing) throws IOException {
    deed(() -> plain.createLink(of(link), of(existing)));
  }

  @Override
  public Path readSymbolicLink(Path link) throws IOException {
    return act(() -> path(plain.readSymbolicLink(of(link))));
  }

  @Override
  public void delete(Path path) throws IOException {
    deed(() -> plain.delete(of(path)));
  }

  @Override
  public void copy(Path from, Path to, CopyOption... options) throws IOException {
    deed(() -> plain.copy(of(from), of(to), options));
  }

  @Override
  public void move(Path from, Path to, CopyOption... options) throws IOException {
    deed(() -> plain.move(of(from), of(to), options));
  }

  @Override
  public boolean isSameFile(Path one, Path other) throws IOException {
    return act(() -> plain.isSameFile(of(one), of(other)));
  }

  @Override
  public boolean isHidden(Path path) throws IOException {
    return act(() -> plain.isHidden(of(path)));
  }

  @Override
  public FileStore getFileStore(Path path) throws IOException {
    return act(() -> plain.getFileStore(of(path)));
  }

  @Override
  public void checkAccess(Path path, AccessMode... modes) throws IOException {
    deed(() -> plain.checkAccess(of(path), modes));
  }

  @Override
  public <V extends FileAttributeView> @Nullable V getFileAttributeView(
      Path path, Class<V> type, LinkOption... options) {
    return owner.act(() -> plain.getFileAttributeView(of(path), type, options));
  }

  @Override
  public <A extends BasicFileAttributes> A readAttributes(
      Path path, Class<A> type, LinkOption... options) throws IOException {
    return act(() -> plain.readAttributes(of(path), type, options));
  }

  @Override
  public Map<String, Object> readAttributes(Path path, String names, LinkOption... options)
      throws IOException {
    return act(() -> plain.readAttributes(of(path), names, options));
  }

  @Override
  public void setAttribute(Path path, String name, Object value, LinkOption... options)
      throws IOException {
    deed(() -> plain.setAttribute(of(path), name, value, options));
  }
}
