package dev.tern.contract;

/**
 * Every failure a caller can be told, by name. Names that Nova has are Nova's, so that its users
 * recognise them. The {@link Kind} decides the HTTP status, in one place in the API.
 */
public enum ErrorCode {
  INVALID_INPUT(Kind.INVALID, "InvalidInput"),
  MALFORMED_REQUEST(Kind.INVALID, "MalformedRequestBody"),
  INSTANCE_NOT_FOUND(Kind.NOT_FOUND, "InstanceNotFound"),
  FLAVOR_NOT_FOUND(Kind.NOT_FOUND, "FlavorNotFound"),
  IMAGE_NOT_FOUND(Kind.NOT_FOUND, "ImageNotFound"),
  MIGRATION_NOT_FOUND(Kind.NOT_FOUND, "MigrationNotFound"),
  ACTION_NOT_FOUND(Kind.NOT_FOUND, "InstanceActionNotFound"),
  SERVICE_NOT_FOUND(Kind.NOT_FOUND, "ServiceNotFound"),
  /** Nova answers 400, not 404, when a body names an unknown host. */
  COMPUTE_HOST_NOT_FOUND(Kind.INVALID, "ComputeHostNotFound"),
  FORBIDDEN(Kind.FORBIDDEN, "PolicyNotAuthorized"),
  INSTANCE_INVALID_STATE(Kind.CONFLICT, "InstanceInvalidState"),
  INSTANCE_IS_LOCKED(Kind.CONFLICT, "InstanceIsLocked"),
  SERVER_IN_TRANSIT(Kind.CONFLICT, "InstanceInvalidState"),
  /** Its host may run it yet: it is not stated to be down, or its agent answers. */
  HOST_NOT_FENCED(Kind.INVALID, "ComputeServiceInUse"),
  INVALID_MIGRATION_STATE(Kind.INVALID, "InvalidMigrationState"),
  /** The same in Tern's own API, where it is no fault of the request. */
  MIGRATION_NOT_STEERABLE(Kind.CONFLICT, "InvalidMigrationState"),
  /** No statement about a host would let it end, or that host answers. */
  MIGRATION_NOT_RESOLVABLE(Kind.CONFLICT, "InvalidMigrationState"),
  IMAGE_NOT_ACTIVE(Kind.INVALID, "ImageNotActive"),
  IMAGE_UNACCEPTABLE(Kind.INVALID, "ImageUnacceptable"),
  FLAVOR_EXISTS(Kind.CONFLICT, "FlavorExists"),
  QUOTA_EXCEEDED(Kind.FORBIDDEN, "OverQuota"),
  KEY_PAIR_NOT_FOUND(Kind.NOT_FOUND, "KeypairNotFound"),
  KEY_PAIR_EXISTS(Kind.CONFLICT, "KeyPairExists"),
  SERVER_GROUP_NOT_FOUND(Kind.NOT_FOUND, "InstanceGroupNotFound"),
  AGGREGATE_NOT_FOUND(Kind.NOT_FOUND, "AggregateNotFound"),
  AGGREGATE_EXISTS(Kind.CONFLICT, "AggregateNameExists"),
  INVALID_AGGREGATE_ACTION(Kind.INVALID, "InvalidAggregateAction"),
  /** The host is in it, or its servers would come into another zone. */
  AGGREGATE_HOST_CONFLICT(Kind.CONFLICT, "InvalidAggregateAction"),
  FLAVOR_ACCESS_NOT_FOUND(Kind.NOT_FOUND, "FlavorAccessNotFound"),
  FLAVOR_ACCESS_CONFLICT(Kind.CONFLICT, "FlavorAccessExists"),
  /** Servers or migrations are on it. */
  HOST_IN_USE(Kind.CONFLICT, "ServiceInUse"),
  DRAIN_NOT_FOUND(Kind.NOT_FOUND, "DrainNotFound"),
  /** What is wished of a drain, or of its host, does not go with the state it is in. */
  DRAIN_CONFLICT(Kind.CONFLICT, "DrainConflict"),
  IMAGE_CONFLICT(Kind.CONFLICT, "ImageConflict"),
  FLAVOR_DISK_TOO_SMALL(Kind.INVALID, "FlavorDiskSmallerThanMinDisk"),
  NO_VALID_HOST(Kind.INVALID, "NoValidHost"),
  COMPUTE_SERVICE_UNAVAILABLE(Kind.INVALID, "ComputeServiceUnavailable"),
  INVALID_HYPERVISOR_TYPE(Kind.INVALID, "InvalidHypervisorType"),
  DESTINATION_HYPERVISOR_TOO_OLD(Kind.INVALID, "DestinationHypervisorTooOld"),
  UNABLE_TO_MIGRATE_TO_SELF(Kind.INVALID, "UnableToMigrateToSelf"),
  INVALID_LOCAL_STORAGE(Kind.INVALID, "InvalidLocalStorage"),
  INVALID_SHARED_STORAGE(Kind.INVALID, "InvalidSharedStorage"),
  DESTINATION_LACKS_MEMORY(Kind.INVALID, "MigrationPreCheckError"),
  DESTINATION_LACKS_DISK(Kind.INVALID, "MigrationPreCheckError"),
  DESTINATION_LACKS_VCPUS(Kind.INVALID, "MigrationPreCheckError"),
  DESTINATION_LACKS_CPU_FEATURE(Kind.INVALID, "MigrationPreCheckError"),
  DESTINATION_LACKS_MACHINE_TYPE(Kind.INVALID, "MigrationPreCheckError"),
  DESTINATION_ACCELERATOR_DIFFERS(Kind.INVALID, "MigrationPreCheckError"),
  /** The policy of its server group, a hint, or its availability zone speak against the host. */
  HOST_NOT_WANTED(Kind.INVALID, "MigrationPreCheckError"),
  DESTINATION_LACKS_QEMU_FEATURE(Kind.INVALID, "MigrationPreCheckError"),
  SOURCE_LACKS_QEMU_FEATURE(Kind.INVALID, "MigrationPreCheckError"),
  /** Nobody's streams go through a tunnel here, and with local disks none could. */
  TUNNEL_NOT_OFFERED(Kind.CONFLICT, "MigrationPreCheckError"),
  DESTINATION_DISK_EXISTS(Kind.INVALID, "DestinationDiskExists"),
  MIGRATION_PRE_CHECK_ERROR(Kind.INVALID, "MigrationPreCheckError"),
  MIGRATION_CANCELLED(Kind.CONFLICT, "MigrationCancelled"),
  DISK_NOT_FOUND(Kind.NOT_FOUND, "DiskNotFound"),
  DISK_COPY_NOT_FOUND(Kind.NOT_FOUND, "DiskCopyNotFound"),
  VOLUME_NOT_FOUND(Kind.NOT_FOUND, "VolumeBDMNotFound"),
  /** Some server has it, or is getting it. */
  VOLUME_IN_USE(Kind.CONFLICT, "VolumeInUse"),
  /** Its address is none, or may not be used. */
  VOLUME_UNACCEPTABLE(Kind.INVALID, "InvalidVolume"),
  /** Nobody serves it there, as far as the server's host can see. */
  VOLUME_UNREACHABLE(Kind.CONFLICT, "VolumeUnreachable"),
  /** The guest has no place left for another one. */
  NO_FREE_PORT(Kind.CONFLICT, "TooManyDiskDevices"),
  DISK_FILE_EXISTS(Kind.CONFLICT, "DestinationDiskExists"),
  /** Somebody has the file open, or the disk is being copied or moved. */
  DISK_BUSY(Kind.CONFLICT, "DiskBusy"),
  /** The guest may write to it now. */
  DISK_IN_USE(Kind.CONFLICT, "DiskInUse"),
  STORAGE_NOT_FOUND(Kind.INVALID, "StorageNotFound"),
  /** A message of an epoch that has passed; nothing was done. */
  STALE_EPOCH(Kind.CONFLICT, "StaleEpoch"),
  /** The agent knows nothing of this guest. */
  GUEST_ABSENT(Kind.CONFLICT, "GuestAbsent"),
  /**
   * The source's QEMU ended, and nobody wrote down that it had sent everything: whether something
   * is missing, only the destination knows.
   */
  SOURCE_ENDED(Kind.CONFLICT, "InstanceInvalidState"),
  /** It ran already, and what it had not yet of its memory was lost with its source's QEMU. */
  GUEST_MEMORY_LOST(Kind.BROKEN, "MigrationError"),
  HOST_DISK_FULL(Kind.UNAVAILABLE, "HostDiskFull"),
  HYPERVISOR_FAILED(Kind.BROKEN, "HypervisorFailed"),
  DEAD_LETTER_NOT_FOUND(Kind.NOT_FOUND, "DeadLetterNotFound"),
  DECISION_NOT_FOUND(Kind.NOT_FOUND, "DecisionNotFound"),
  /** It is not whole, or nobody of this installation has its queue. */
  DEAD_LETTER_NOT_SENDABLE(Kind.CONFLICT, "DeadLetterNotSendable"),
  BROKER_NO_ANSWER(Kind.UNAVAILABLE, "MessagingUnavailable"),
  AGENT_NO_ANSWER(Kind.UNAVAILABLE, "ComputeServiceUnavailable"),
  SCHEDULER_NO_ANSWER(Kind.UNAVAILABLE, "SchedulerUnavailable"),
  UNEXPECTED(Kind.BROKEN, "UnexpectedError");

  /** What sort of failure it is; a {@code switch} over it has no default. */
  public enum Kind {
    INVALID,
    NOT_FOUND,
    FORBIDDEN,
    CONFLICT,
    UNAVAILABLE,
    BROKEN
  }

  private final Kind kind;
  private final String novaName;

  ErrorCode(Kind kind, String novaName) {
    this.kind = kind;
    this.novaName = novaName;
  }

  public Kind kind() {
    return kind;
  }

  /** The exception's name in Nova, as faults and logs there show it. */
  public String novaName() {
    return novaName;
  }
}
