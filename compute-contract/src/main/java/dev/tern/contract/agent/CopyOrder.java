package dev.tern.contract.agent;

import dev.tern.contract.agent.AgentRequest.CopyUse;
import java.util.Optional;
import java.util.UUID;

/**
 * Where a disk is to be copied to: a file of the same host, or an export of a foreign NBD server.
 *
 * @param shallow only the uppermost layer
 * @param storage a directory of the host by name; empty is the instance's own
 * @param name of the file without its ending; empty for one nobody has
 * @param format {@code qcow2} or {@code raw}; empty for the disk's own
 * @param overwrite an existing file is replaced
 * @param reuse an existing file is written in place
 * @param keepOld the file the guest leaves is kept
 * @param use when it is for something else than to be the disk, or to lie beside it
 * @param export what is copied to instead of a file
 */
public record CopyOrder(
    UUID id,
    String disk,
    boolean shallow,
    Optional<String> storage,
    Optional<String> name,
    Optional<String> format,
    boolean overwrite,
    boolean reuse,
    boolean keepOld,
    long bytesPerSecond,
    Optional<CopyUse> use,
    Optional<NbdExport> export) {
  /**
   * The format of a copy to an export, where it is raw. An agent that knows no exports refuses this
   * word; it would make a file otherwise and call the copy done.
   */
  public static final String EXPORTED = "nbd";

  /** To a file. */
  public CopyOrder(
      UUID id,
      String disk,
      boolean shallow,
      Optional<String> storage,
      Optional<String> name,
      Optional<String> format,
      boolean overwrite,
      boolean reuse,
      boolean keepOld,
      long bytesPerSecond) {
    this(
        id,
        disk,
        shallow,
        storage,
        name,
        format,
        overwrite,
        reuse,
        keepOld,
        bytesPerSecond,
        Optional.empty(),
        Optional.empty());
  }

  /** To a file, for that use. */
  public CopyOrder(
      UUID id,
      String disk,
      boolean shallow,
      Optional<String> storage,
      Optional<String> name,
      Optional<String> format,
      boolean overwrite,
      boolean reuse,
      boolean keepOld,
      long bytesPerSecond,
      Optional<CopyUse> use) {
    this(
        id,
        disk,
        shallow,
        storage,
        name,
        format,
        overwrite,
        reuse,
        keepOld,
        bytesPerSecond,
        use,
        Optional.empty());
  }

  /** All a guest sees of the disk, to an export. */
  public static CopyOrder to(NbdExport export, UUID id, String disk, long bytesPerSecond) {
    return new CopyOrder(
        id,
        disk,
        false,
        Optional.empty(),
        Optional.empty(),
        Optional.of(EXPORTED),
        false,
        false,
        true,
        bytesPerSecond,
        Optional.empty(),
        Optional.of(export));
  }

  /** Whether it is gone on with when its QEMU has ended. */
  public boolean resumable() {
    return use.filter(CopyUse.RESUMABLE::equals).isPresent();
  }

  /** The same, in the place of what is there. */
  public CopyOrder overwriting() {
    return new CopyOrder(
        id,
        disk,
        shallow,
        storage,
        name,
        format,
        true,
        false,
        keepOld,
        bytesPerSecond,
        use,
        export);
  }
}
