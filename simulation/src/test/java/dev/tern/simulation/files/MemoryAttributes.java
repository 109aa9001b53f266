package dev.tern.simulation.files;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.UserPrincipal;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What is told of a file. */
final class MemoryAttributes implements PosixFileAttributes {
  private static final GroupPrincipal ONE = () -> "tern";

  private final Node node;

  MemoryAttributes(Node node) {
    this.node = node;
  }

  long number() {
    return node.number;
  }

  @Override
  public UserPrincipal owner() {
    return ONE;
  }

  @Override
  public GroupPrincipal group() {
    return ONE;
  }

  @Override
  public Set<PosixFilePermission> permissions() {
    return node.mode;
  }

  @Override
  public FileTime lastModifiedTime() {
    return node.modified;
  }

  @Override
  public FileTime lastAccessTime() {
    return node.modified;
  }

  @Override
  public FileTime creationTime() {
    return node.modified;
  }

  @Override
  public boolean isRegularFile() {
    return !node.directory;
  }

  @Override
  public boolean isDirectory() {
    return node.directory;
  }

  @Override
  public boolean isSymbolicLink() {
    return false;
  }

  @Override
  public boolean isOther() {
    return false;
  }

  @Override
  public long size() {
    return node.size();
  }

  @Override
  public Object fileKey() {
    return node.number;
  }

  /** What can be changed of a file. */
  static final class View implements PosixFileAttributeView {
    private final MemoryFiles files;
    private final Path path;

    View(MemoryFiles files, Path path) {
      this.files = files;
      this.path = path;
    }

    private Node node() throws IOException {
      Node node = files.find(path);
      if (node == null) {
        throw new NoSuchFileException(path.toString());
      }
      return node;
    }

    @Override
    public String name() {
      return "posix";
    }

    @Override
    public PosixFileAttributes readAttributes() throws IOException {
      return new MemoryAttributes(node());
    }

    @Override
    public void setPermissions(Set<PosixFilePermission> permissions) throws IOException {
      node().mode =
          permissions.isEmpty()
              ? EnumSet.noneOf(PosixFilePermission.class)
              : EnumSet.copyOf(permissions);
    }

    @Override
    public void setTimes(
        @Nullable FileTime modified, @Nullable FileTime accessed, @Nullable FileTime created)
        throws IOException {
      if (modified != null) {
        node().modified = modified;
      }
    }

    @Override
    public void setGroup(GroupPrincipal group) {
      throw new UnsupportedOperationException("there is one group");
    }

    @Override
    public UserPrincipal getOwner() {
      return ONE;
    }

    @Override
    public void setOwner(UserPrincipal owner) {
      throw new UnsupportedOperationException("there is one user");
    }
  }
}
