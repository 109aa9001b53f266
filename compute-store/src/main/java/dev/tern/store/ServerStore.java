package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ImageId;
import dev.tern.contract.PowerState;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.KeyPairStore.PublicKey;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Servers and the requests users make of them. A request is one transaction: guard on the states,
 * new states and epoch, instance action, saga, and the message that wakes a conductor. So either
 * all of it is there or none.
 */
public interface ServerStore {
  /** Empty when there never was one, and when it is deleted; those are only listed. */
  Optional<ServerRecord> find(ServerId id);

  /** Those of them that {@link #find(ServerId)} finds. One question for all. */
  Map<ServerId, ServerRecord> find(Collection<ServerId> ids);

  /** Empty only when there never was one. */
  Optional<ServerRecord> findEvenDeleted(ServerId id);

  /** Not the deleted ones unless asked. Keyset paging in the order given. */
  List<ServerRecord> list(ServerQuery query);

  /** The servers of each of these hosts that has any, oldest first. One question for all hosts. */
  Map<HostName, List<ServerId>> onHosts(Collection<HostName> hosts);

  /** What the servers of a project that are not deleted add up to. */
  Usage usage(String project);

  /** BUILDING with task SCHEDULING, action {@code create}, saga {@code BOOT}. */
  ServerRecord requestCreate(NewServer server, Requested by);

  /**
   * Makes servers alike, as many of them as fit into the limits of their project, in their order.
   * What is counted and what is made is one transaction: no two requests spend the same.
   *
   * @param servers of one project and flavor
   * @throws dev.tern.contract.ComputeException {@code QUOTA_EXCEEDED} when fewer than the least
   *     fit, or {@code INVALID_INPUT} when there is no such group; nothing is made then
   */
  List<ServerRecord> requestCreate(List<NewServer> servers, BootTerms terms, Requested by);

  /**
   * Starts a STOPPED server.
   *
   * @throws dev.tern.contract.ComputeException {@code INSTANCE_NOT_FOUND}, or {@code
   *     INSTANCE_INVALID_STATE} in Nova's words
   */
  ServerRecord requestStart(ServerId id, Requested by);

  /** Stops a server that is ACTIVE or in ERROR. Refusals as for start. */
  ServerRecord requestStop(ServerId id, Requested by);

  /**
   * Has its guest paused, let run, suspended, resumed, or begun anew.
   *
   * @throws dev.tern.contract.ComputeException as for start
   */
  ServerRecord requestLife(ServerId id, LifeRequest what, Requested by);

  /**
   * Deletes a server in any state; a running migration of it is asked to abort first. Asking again
   * is the same request.
   *
   * @throws dev.tern.contract.ComputeException {@code INSTANCE_NOT_FOUND}
   */
  ServerRecord requestDelete(ServerId id, Requested by);

  // ---- what the conductor writes, under its lease
  // -------------------------------------------------------------------------------

  /** The host is chosen: owner set, task SPAWNING. */
  void placed(SagaStore.Lease lease, ServerId id, HostName host, ClaimId claim);

  /** The guest runs: ACTIVE, no task, power RUNNING. Ends saga and action. */
  void running(SagaStore.Lease lease, ServerId id);

  /** The guest stands: PAUSED, no task, power PAUSED. Ends saga and action. */
  void paused(SagaStore.Lease lease, ServerId id);

  /** The guest is a file of its host: SUSPENDED, no task, power SHUTDOWN. Ends saga and action. */
  void suspended(SagaStore.Lease lease, ServerId id);

  /** No guest is left: STOPPED, no task, power SHUTDOWN. Ends saga and action. */
  void stopped(SagaStore.Lease lease, ServerId id);

  /**
   * The task failed: {@code vmState} and no task, fault kept. Ends saga and action in error.
   * Releases claims if {@code release}.
   */
  void failed(
      SagaStore.Lease lease,
      ServerId id,
      VmState vmState,
      PowerState power,
      Failure failure,
      boolean release);

  /** Nothing of it is left anywhere: DELETED, claims released. Ends saga and action. */
  void deleted(SagaStore.Lease lease, ServerId id);

  /**
   * A report says that the guest of an ACTIVE or PAUSED server without a task has ended by itself:
   * STOPPED. False when that is not so.
   */
  boolean guestEnded(ServerId id, HostName host);

  /**
   * Who asked.
   *
   * @param project the caller's project, for the action
   */
  record Requested(RequestId request, String user, String project) {}

  /**
   * A server to be made.
   *
   * @param ephemeralGib sizes of the empty local disks beside the first, in the order the guest has
   *     them
   */
  record NewServer(
      ServerId id,
      String name,
      String hostname,
      String user,
      String project,
      FlavorRecord flavor,
      ImageId image,
      Map<String, String> metadata,
      Optional<String> availabilityZone,
      Optional<HostName> requestedHost,
      boolean network,
      Optional<String> description,
      ConfigWish config,
      List<Integer> ephemeralGib,
      ServerLabels labels) {
    public NewServer {
      metadata = Map.copyOf(metadata);
      ephemeralGib = List.copyOf(ephemeralGib);
    }

    /** With nothing written on it. */
    public NewServer(
        ServerId id,
        String name,
        String hostname,
        String user,
        String project,
        FlavorRecord flavor,
        ImageId image,
        Map<String, String> metadata,
        Optional<String> availabilityZone,
        Optional<HostName> requestedHost,
        boolean network,
        Optional<String> description,
        ConfigWish config,
        List<Integer> ephemeralGib) {
      this(
          id,
          name,
          hostname,
          user,
          project,
          flavor,
          image,
          metadata,
          availabilityZone,
          requestedHost,
          network,
          description,
          config,
          ephemeralGib,
          ServerLabels.NONE);
    }

    /** Without a config drive, and with the disks its flavor gives it. */
    public NewServer(
        ServerId id,
        String name,
        String hostname,
        String user,
        String project,
        FlavorRecord flavor,
        ImageId image,
        Map<String, String> metadata,
        Optional<String> availabilityZone,
        Optional<HostName> requestedHost,
        boolean network,
        Optional<String> description) {
      this(
          id,
          name,
          hostname,
          user,
          project,
          flavor,
          image,
          metadata,
          availabilityZone,
          requestedHost,
          network,
          description,
          ConfigWish.NONE,
          flavor.ephemeralDisks());
    }
  }

  /**
   * What a server's owner gives it to read.
   *
   * @param drive whether it has a config drive
   * @param userData in base64
   * @param key whose holder may log in
   * @param adminPass of its administrator; kept only until the server is built, or has failed to be
   */
  record ConfigWish(
      boolean drive,
      Optional<String> userData,
      Optional<PublicKey> key,
      Optional<String> adminPass) {
    public static final ConfigWish NONE = new ConfigWish(false, Optional.empty());

    /** Without a key and a password. */
    public ConfigWish(boolean drive, Optional<String> userData) {
      this(drive, userData, Optional.empty());
    }

    /** Without a password. */
    public ConfigWish(boolean drive, Optional<String> userData, Optional<PublicKey> key) {
      this(drive, userData, key, Optional.empty());
    }

    /** Without what is nobody's business in a log. */
    @Override
    public String toString() {
      return "ConfigWish[drive=%s, key=%s]".formatted(drive, key);
    }
  }

  /**
   * Which servers, in what order.
   *
   * @param project only this project's; empty for all
   * @param name a regular expression, as Nova's
   * @param sort pairs of key and direction; the id is always the last key
   */
  record ServerQuery(
      Optional<String> project,
      Optional<String> name,
      Optional<HostName> host,
      Set<VmState> vmStates,
      Optional<TaskState> task,
      Optional<ImageId> image,
      Optional<String> flavor,
      Optional<Instant> changesSince,
      boolean deleted,
      List<Sort> sort,
      Optional<ServerId> marker,
      int limit,
      Narrowing narrowing) {
    public ServerQuery {
      vmStates = Set.copyOf(vmStates);
      sort = List.copyOf(sort);
    }

    /** Not narrowed further. */
    public ServerQuery(
        Optional<String> project,
        Optional<String> name,
        Optional<HostName> host,
        Set<VmState> vmStates,
        Optional<TaskState> task,
        Optional<ImageId> image,
        Optional<String> flavor,
        Optional<Instant> changesSince,
        boolean deleted,
        List<Sort> sort,
        Optional<ServerId> marker,
        int limit) {
      this(
          project,
          name,
          host,
          vmStates,
          task,
          image,
          flavor,
          changesSince,
          deleted,
          sort,
          marker,
          limit,
          Narrowing.NONE);
    }
  }

  /**
   * What else servers of a list must be.
   *
   * @param tags it has all of them
   * @param anyTags it has one of them, unless there are none
   * @param notTags it does not have all of them
   * @param notAnyTags it has none of them
   */
  record Narrowing(
      Set<String> tags,
      Set<String> anyTags,
      Set<String> notTags,
      Set<String> notAnyTags,
      Optional<Boolean> locked,
      Optional<Instant> changesBefore) {
    public static final Narrowing NONE =
        new Narrowing(Set.of(), Set.of(), Set.of(), Set.of(), Optional.empty(), Optional.empty());

    public Narrowing {
      tags = Set.copyOf(tags);
      anyTags = Set.copyOf(anyTags);
      notTags = Set.copyOf(notTags);
      notAnyTags = Set.copyOf(notAnyTags);
    }
  }

  record Sort(SortKey key, boolean descending) {}

  enum SortKey {
    CREATED_AT,
    UPDATED_AT,
    NAME,
    UUID,
    HOST,
    VM_STATE,
    TASK_STATE,
    LOCKED,
    PROJECT,
    IMAGE,
    FLAVOR,
    /** One that never ran is before all others. */
    LAUNCHED_AT
  }

  /**
   * A server.
   *
   * @param flavor as it was when the server was made
   * @param epoch rises with every accepted request; the newest is in every message about the server
   * @param host the owner; empty until placed
   * @param claim of the owner's share
   * @param progress of the running task, percent
   * @param ephemeralGib sizes of the empty local disks beside the first, in the order the guest has
   *     them
   * @param apartFrom servers with none of which it shares its host
   * @param nextTo servers with one of which it shares its host; any host when it is empty
   */
  record ServerRecord(
      ServerId id,
      String name,
      String hostname,
      String user,
      String project,
      FlavorRecord flavor,
      ImageId image,
      Map<String, String> metadata,
      Optional<String> description,
      Optional<String> availabilityZone,
      Optional<HostName> requestedHost,
      boolean network,
      VmState vmState,
      Optional<TaskState> task,
      PowerState power,
      long epoch,
      Optional<HostName> host,
      Optional<ClaimId> claim,
      int progress,
      Optional<Fault> fault,
      Instant createdAt,
      Instant updatedAt,
      Optional<Instant> launchedAt,
      Optional<Instant> terminatedAt,
      ConfigWish config,
      List<Integer> ephemeralGib,
      ServerLabels labels,
      Optional<ServerLock> lock,
      List<ServerId> apartFrom,
      List<ServerId> nextTo) {
    public ServerRecord {
      metadata = Map.copyOf(metadata);
      ephemeralGib = List.copyOf(ephemeralGib);
      apartFrom = List.copyOf(apartFrom);
      nextTo = List.copyOf(nextTo);
    }
  }

  record Usage(int servers, int vcpus, long memoryMib) {}

  record Fault(Failure failure, Instant at) {}
}
