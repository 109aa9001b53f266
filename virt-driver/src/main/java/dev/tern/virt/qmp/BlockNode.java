package dev.tern.virt.qmp;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import org.jspecify.annotations.Nullable;

/** A node of QEMU's block graph, for {@code -blockdev} and {@code blockdev-add}. */
public sealed interface BlockNode {

  String nodeName();

  /** As QEMU's command line takes it. */
  default String json() {
    return QmpJson.text(this);
  }

  /** A file of the host. */
  @JsonPropertyOrder("driver")
  record File(
      String driver,
      String nodeName,
      String filename,
      boolean readOnly,
      @Nullable String discard,
      String locking)
      implements BlockNode {
    public File(String nodeName, String filename, boolean readOnly, @Nullable String discard) {
      this("file", nodeName, filename, readOnly, discard, "auto");
    }
  }

  /**
   * An image format on another node. QEMU never looks at the backing name in a qcow2 header: the
   * backing node is named here, or is null, which {@code blockdev} spells as an explicit JSON null.
   */
  @JsonPropertyOrder("driver")
  record Format(
      String driver,
      String nodeName,
      String file,
      boolean readOnly,
      @Nullable String discard,
      @Nullable String detectZeroes,
      @Nullable Backing backing,
      @Nullable Encrypt encrypt)
      implements BlockNode {
    /** Not encrypted. */
    public Format(
        String driver,
        String nodeName,
        String file,
        boolean readOnly,
        @Nullable String discard,
        @Nullable String detectZeroes,
        @Nullable Backing backing) {
      this(driver, nodeName, file, readOnly, discard, detectZeroes, backing, null);
    }
  }

  /** Encryption inside a qcow2, opened by a secret object. */
  record Encrypt(String format, String keySecret) {
    public Encrypt(String keySecret) {
      this("luks", keySecret);
    }
  }

  /** What lies below an overlay. */
  sealed interface Backing {}

  /** Named by node. */
  record BackingNode(@com.fasterxml.jackson.annotation.JsonValue String nodeName)
      implements Backing {}

  /** Nothing, whatever the header says. */
  record NoBacking() implements Backing {
    @com.fasterxml.jackson.annotation.JsonValue
    @Nullable Object asNull() {
      return null;
    }
  }

  /**
   * An export of another host's QEMU.
   *
   * @param tlsCreds the credentials to connect with; null connects in plaintext
   * @param reconnectDelay seconds for which requests wait for a connection that broke, before they
   *     fail; null fails them at once
   */
  @JsonPropertyOrder("driver")
  record Nbd(
      String driver,
      String nodeName,
      InetServer server,
      String export,
      @Nullable String tlsCreds,
      @Nullable Long reconnectDelay,
      String discard)
      implements BlockNode {
    public Nbd(String nodeName, InetServer server, String export, @Nullable String tlsCreds) {
      this(nodeName, server, export, tlsCreds, null);
    }

    public Nbd(
        String nodeName,
        InetServer server,
        String export,
        @Nullable String tlsCreds,
        @Nullable Long reconnectDelay) {
      // QEMU's default, ignore, would fill sparse disks with zeroes on the other side.
      this("nbd", nodeName, server, export, tlsCreds, reconnectDelay, "unmap");
    }
  }

  /**
   * The raw format on top of an export.
   *
   * @param size of its beginning that is shown, in bytes; null shows all of it
   */
  @JsonPropertyOrder("driver")
  record Raw(String driver, String nodeName, String file, String discard, @Nullable Long size)
      implements BlockNode {
    public Raw(String nodeName, String file) {
      this("raw", nodeName, file, "unmap", null);
    }

    public Raw(String nodeName, String file, long size) {
      this("raw", nodeName, file, "unmap", size);
    }
  }

  /** A TCP address in QEMU's flat spelling. */
  record InetServer(String type, String host, String port) {
    public InetServer(String host, int port) {
      this("inet", host, Integer.toString(port));
    }
  }
}
