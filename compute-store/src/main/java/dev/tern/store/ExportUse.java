package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.NbdExport;
import dev.tern.contract.agent.VolumeAddress;
import jakarta.persistence.EntityManager;
import org.jspecify.annotations.Nullable;

/**
 * What NBD exports outside of Tern are used for: as a server's volume, or as the target of a copy.
 * Never both: a copy destroys what was there.
 */
final class ExportUse {
  private static final int KEY_DIGITS = 16;
  private static final int HEX = 16;
  private static final int LONGEST_SHOWN = 255;

  private final EntityManager entities;

  ExportUse(EntityManager entities) {
    this.entities = entities;
  }

  /**
   * Until the transaction ends nobody else takes the export into use. Taken after the server's row:
   * who holds an export waits for no server.
   */
  void hold(NbdExport export) {
    long key = Long.parseUnsignedLong(DiskCopyEntity.digest(export).substring(0, KEY_DIGITS), HEX);
    var _ =
        entities
            .createNativeQuery(
                "select count(*) from (select pg_advisory_xact_lock(:key)) held", Long.class)
            .setParameter("key", key)
            .getSingleResult();
  }

  /** Whether it is a volume of a server, or is being made one or not one any more. */
  boolean isVolume(VolumeAddress address) {
    return entities
            .createQuery(
                "select count(v) from VolumeEntity v where v.host = :host and v.port = :port"
                    + " and v.export = :export and v.endedAt is null",
                Long.class)
            .setParameter("host", address.host())
            .setParameter("port", address.port())
            .setParameter("export", address.export())
            .getSingleResult()
        > 0;
  }

  /** Whether a disk is being copied to it. */
  boolean isTarget(NbdExport export) {
    return entities
            .createQuery(
                "select count(c) from DiskCopyEntity c where c.target = :target"
                    + " and c.endedAt is null",
                Long.class)
            .setParameter("target", DiskCopyEntity.digest(export))
            .getSingleResult()
        > 0;
  }

  static NbdExport of(VolumeAddress address) {
    return new NbdExport(address.host(), address.port(), address.export());
  }

  // ---- what is said to who asks for what cannot be; whose it is, is not for everybody

  static ComputeException volume(NbdExport export) {
    return inUse(export, "is a volume of a server: a copy would destroy what it holds.", null);
  }

  static ComputeException attached(VolumeAddress address, @Nullable Exception cause) {
    return inUse(of(address), "is attached to a server already, or just being attached.", cause);
  }

  static ComputeException target(NbdExport export, @Nullable Exception cause) {
    return inUse(
        export,
        "is being copied to by another copy: wait for its end, cancel it, or name another target.",
        cause);
  }

  static ComputeException filling(VolumeAddress address) {
    return inUse(
        of(address),
        "is the target of a disk's copy that has not ended: wait for its end, or cancel it.",
        null);
  }

  private static ComputeException inUse(NbdExport export, String why, @Nullable Exception cause) {
    return new ComputeException(ErrorCode.VOLUME_IN_USE, shown(export) + " " + why, cause);
  }

  /** A name may be 13,000 characters as a URI; nobody reads that. */
  private static String shown(NbdExport export) {
    String uri = export.uri();
    return uri.length() <= LONGEST_SHOWN ? uri : uri.substring(0, LONGEST_SHOWN) + "...";
  }
}
