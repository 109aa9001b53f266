package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ImageId;
import dev.tern.contract.PowerState;
import dev.tern.contract.ServerId;
import dev.tern.contract.TaskState;
import dev.tern.contract.VmState;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.KeyPairStore.PublicKey;
import dev.tern.store.ServerStore.ConfigWish;
import dev.tern.store.ServerStore.Fault;
import dev.tern.store.ServerStore.NewServer;
import dev.tern.store.ServerStore.ServerRecord;
import jakarta.persistence.Column;
import jakarta.persistence.Convert;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "servers")
class ServerEntity {
  private static final String AUTO = "AUTO";

  @Id UUID id = new UUID(0, 0);
  String name = "";
  String hostname = "";

  @Column(name = "user_id")
  String user = "";

  @Column(name = "project_id")
  String project = "";

  @Column(name = "flavor_id")
  String flavorId = "";

  String flavor = "{}";
  int vcpus;

  @Column(name = "memory_mib")
  long memoryMib;

  @Column(name = "image_id")
  UUID image = new UUID(0, 0);

  String metadata = "{}";
  @Nullable String description;

  @Column(name = "availability_zone")
  @Nullable String availabilityZone;

  @Column(name = "requested_host")
  @Nullable String requestedHost;

  boolean network;

  @Column(name = "config_drive")
  boolean configDrive;

  @Column(name = "user_data")
  @Nullable String userData;

  @Column(name = "admin_pass")
  @Nullable String adminPass;

  @Column(name = "key_name")
  @Nullable String keyName;

  @Column(name = "key_type")
  @Nullable String keyType;

  @Column(name = "public_key")
  @Nullable String publicKey;

  @Column(name = "server_group")
  @Nullable UUID group;

  @Column(name = "apart_from")
  UUID @Nullable [] apartFrom;

  @Column(name = "next_to")
  UUID @Nullable [] nextTo;

  /** Null in rows of a former release: what the flavor says. */
  @Column(name = "ephemeral_gib")
  int @Nullable [] ephemeralGib;

  @Column(name = "locked_by")
  @Enumerated(EnumType.STRING)
  ServerLock.@Nullable By lockedBy;

  @Column(name = "locked_reason")
  @Nullable String lockedReason;

  @Column(name = "access_ip_v4")
  String accessIpV4 = "";

  @Column(name = "access_ip_v6")
  String accessIpV6 = "";

  @Column(name = "disk_config")
  String diskConfig = AUTO;

  String[] tags = {};

  @Column(name = "reservation_id")
  @Nullable String reservation;

  @Column(name = "launch_index")
  int launchIndex;

  @Column(name = "vm_state")
  @Convert(converter = StoredForms.OfVmState.class)
  VmState vmState = VmState.BUILDING;

  @Column(name = "task_state")
  @Convert(converter = StoredForms.OfTaskState.class)
  @Nullable TaskState task;

  @Column(name = "power_state")
  @Convert(converter = StoredForms.OfPowerState.class)
  PowerState power = PowerState.NOSTATE;

  long epoch;
  @Nullable String host;

  @Column(name = "claim_id")
  @Nullable UUID claim;

  int progress;

  @Column(name = "fault_code")
  @Enumerated(EnumType.STRING)
  @Nullable ErrorCode faultCode;

  @Column(name = "fault_message")
  @Nullable String faultMessage;

  @Column(name = "fault_at")
  @Nullable Instant faultAt;

  @Column(name = "created_at")
  Instant createdAt = Instant.EPOCH;

  @Column(name = "updated_at")
  Instant updatedAt = Instant.EPOCH;

  @Column(name = "launched_at")
  @Nullable Instant launchedAt;

  @Column(name = "terminated_at")
  @Nullable Instant terminatedAt;

  static ServerEntity of(NewServer server, Instant now) {
    ServerEntity entity = new ServerEntity();
    entity.id = server.id().value();
    entity.name = server.name();
    entity.hostname = server.hostname();
    entity.user = server.user();
    entity.project = server.project();
    entity.flavorId = server.flavor().id();
    entity.flavor = Json.of(server.flavor());
    entity.vcpus = server.flavor().vcpus();
    entity.memoryMib = server.flavor().memoryMib();
    entity.image = server.image().value();
    entity.metadata = Json.ofTexts(server.metadata());
    entity.description = server.description().orElse(null);
    entity.availabilityZone = server.availabilityZone().orElse(null);
    entity.requestedHost = server.requestedHost().map(HostName::value).orElse(null);
    entity.network = server.network();
    entity.configDrive = server.config().drive();
    entity.userData = server.config().userData().orElse(null);
    entity.adminPass = server.config().adminPass().orElse(null);
    entity.keyName = server.config().key().map(PublicKey::name).orElse(null);
    entity.keyType = server.config().key().map(PublicKey::type).orElse(null);
    entity.publicKey = server.config().key().map(PublicKey::text).orElse(null);
    entity.ephemeralGib = server.ephemeralGib().stream().mapToInt(Integer::intValue).toArray();
    entity.accessIpV4 = server.labels().accessIpV4();
    entity.accessIpV6 = server.labels().accessIpV6();
    entity.diskConfig = diskConfig(server.labels().autoDisk());
    entity.tags = server.labels().tags().toArray(String[]::new);
    entity.reservation = server.labels().reservation().orElse(null);
    entity.launchIndex = server.labels().launchIndex();
    entity.createdAt = now;
    entity.updatedAt = now;
    return entity;
  }

  static String diskConfig(boolean auto) {
    return auto ? AUTO : "MANUAL";
  }

  private ServerLabels labels() {
    return new ServerLabels(
        new TreeSet<>(List.of(tags)),
        accessIpV4,
        accessIpV6,
        diskConfig.equals(AUTO),
        Optional.ofNullable(reservation),
        launchIndex);
  }

  private Optional<ServerLock> lock() {
    return Optional.ofNullable(lockedBy)
        .map(by -> new ServerLock(by, Optional.ofNullable(lockedReason)));
  }

  void fault(@Nullable Failure failure, Instant now) {
    faultCode = failure == null ? null : failure.code();
    faultMessage = failure == null ? null : failure.message();
    faultAt = failure == null ? null : now;
  }

  /** It is what its host says it is, and nothing is wrong with it. */
  void found(VmState state, Instant now) {
    vmState = state;
    power =
        switch (state) {
          case ACTIVE -> PowerState.RUNNING;
          case PAUSED -> PowerState.PAUSED;
          case STOPPED, SUSPENDED -> PowerState.SHUTDOWN;
          case BUILDING, RESIZED, ERROR, DELETED ->
              throw new IllegalArgumentException("no host says " + state);
        };
    fault(null, now);
    updatedAt = now;
  }

  /** Joins a group, and says where it wants to be. */
  void take(BootTerms terms) {
    group = terms.group().orElse(null);
    apartFrom = terms.apartFrom().isEmpty() ? null : ids(terms.apartFrom());
    nextTo = terms.nextTo().isEmpty() ? null : ids(terms.nextTo());
  }

  private static UUID[] ids(List<ServerId> servers) {
    return servers.stream().map(ServerId::value).toArray(UUID[]::new);
  }

  private Optional<PublicKey> key() {
    return keyName == null || keyType == null || publicKey == null
        ? Optional.empty()
        : Optional.of(new PublicKey(keyName, keyType, publicKey));
  }

  private Optional<Fault> fault() {
    if (faultCode == null || faultMessage == null || faultAt == null) {
      return Optional.empty();
    }
    return Optional.of(new Fault(new Failure(faultCode, faultMessage), faultAt));
  }

  private static List<ServerId> servers(UUID @Nullable [] ids) {
    return ids == null ? List.of() : Arrays.stream(ids).map(ServerId::new).toList();
  }

  ServerRecord toRecord() {
    FlavorRecord itsFlavor = Json.read(FlavorRecord.class, flavor);
    return new ServerRecord(
        new ServerId(id),
        name,
        hostname,
        user,
        project,
        itsFlavor,
        new ImageId(image),
        Json.texts(metadata),
        Optional.ofNullable(description),
        Optional.ofNullable(availabilityZone),
        Optional.ofNullable(requestedHost).map(HostName::new),
        network,
        vmState,
        Optional.ofNullable(task),
        power,
        epoch,
        Optional.ofNullable(host).map(HostName::new),
        Optional.ofNullable(claim).map(ClaimId::new),
        progress,
        fault(),
        createdAt,
        updatedAt,
        Optional.ofNullable(launchedAt),
        Optional.ofNullable(terminatedAt),
        new ConfigWish(
            configDrive, Optional.ofNullable(userData), key(), Optional.ofNullable(adminPass)),
        ephemeralGib == null
            ? itsFlavor.ephemeralDisks()
            : Arrays.stream(ephemeralGib).boxed().toList(),
        labels(),
        lock(),
        servers(apartFrom),
        servers(nextTo));
  }
}
