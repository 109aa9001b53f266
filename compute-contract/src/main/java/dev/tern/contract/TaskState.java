package dev.tern.contract;

/**
 * What is being done to a server now. A server with one is locked for everything but delete. {@link
 * #wire} is Nova's.
 */
public enum TaskState {
  SCHEDULING("scheduling"),
  SPAWNING("spawning"),
  POWERING_ON("powering-on"),
  POWERING_OFF("powering-off"),
  REBOOTING("rebooting"),
  REBOOTING_HARD("rebooting_hard"),
  PAUSING("pausing"),
  UNPAUSING("unpausing"),
  SUSPENDING("suspending"),
  RESUMING("resuming"),
  MIGRATING("migrating"),
  /** A disk is copied to another file of its host. Not Nova's. */
  COPYING_DISK("copying-disk"),
  /** A disk gets a new uppermost layer. Not Nova's. */
  SNAPSHOTTING_DISK("snapshotting-disk"),
  /** A volume is plugged in. Not Nova's, where no task says so. */
  ATTACHING_VOLUME("attaching-volume"),
  /** A volume is taken away. Not Nova's. */
  DETACHING_VOLUME("detaching-volume"),
  IMAGE_SNAPSHOT("image_snapshot"),
  IMAGE_PENDING_UPLOAD("image_pending_upload"),
  IMAGE_UPLOADING("image_uploading"),
  /** Of a host that was fenced, and to be made anew on another. */
  REBUILDING("rebuilding"),
  REBUILD_BLOCK_DEVICE_MAPPING("rebuild_block_device_mapping"),
  REBUILD_SPAWNING("rebuild_spawning"),
  /** A cold migration: a host is chosen and checked. */
  RESIZE_PREP("resize_prep"),
  /** The guest is stopped, and its disks are on their way. */
  RESIZE_MIGRATING("resize_migrating"),
  RESIZE_MIGRATED("resize_migrated"),
  RESIZE_FINISH("resize_finish"),
  RESIZE_CONFIRMING("resize_confirming"),
  RESIZE_REVERTING("resize_reverting"),
  DELETING("deleting");

  private final String wire;

  TaskState(String wire) {
    this.wire = wire;
  }

  public String wire() {
    return wire;
  }
}
