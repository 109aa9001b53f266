package dev.tern.api.servers;

import dev.tern.api.errors.ErrorReply;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.api.version.Change;
import dev.tern.contract.HostName;
import dev.tern.contract.ImageId;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.store.AggregateStore;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.KeyPairStore.PublicKey;
import dev.tern.store.ServerLabels;
import dev.tern.store.ServerLock;
import dev.tern.store.ServerStore.Fault;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.VolumeStore.VolumeRecord;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Servers as one request sees them: by its version and its caller. */
final class ServerView {
  private static final List<String> EXTENSIONS =
      List.of(
          "OS-EXT-",
          "OS-SRV-USG:",
          "os-extended-volumes:",
          "security_groups",
          "config_drive",
          "key_name",
          "host_status");

  private final ApiRequest request;
  private final Map<HostName, String> hostStatus;
  private final Map<ImageId, ImageRecord> images;
  private final Map<ServerId, List<VolumeRecord>> volumes;
  private final Map<HostName, String> zones;
  private final Function<ServerId, Collection<UUID>> groups;

  ServerView(
      ApiRequest request,
      Map<HostName, String> hostStatus,
      Map<ImageId, ImageRecord> images,
      Map<ServerId, List<VolumeRecord>> volumes,
      Map<HostName, String> zones,
      Function<ServerId, Collection<UUID>> groups) {
    this.request = request;
    this.hostStatus = hostStatus;
    this.images = images;
    this.volumes = volumes;
    this.zones = zones;
    this.groups = groups;
  }

  ObjectNode brief(ServerRecord server) {
    ObjectNode view = Json.object().put("id", server.id().toString()).put("name", server.name());
    view.set("links", request.links().both("servers/" + server.id()));
    return view;
  }

  /** As {@code GET /servers/{id}} shows it; a list lacks the groups. */
  ObjectNode shown(ServerRecord server) {
    ObjectNode view = detail(server);
    if (request.has(Change.SERVER_GROUPS_OF_SERVER)) {
      ArrayNode its = view.putArray("server_groups");
      groups.apply(server.id()).forEach(group -> its.add(group.toString()));
    }
    return view;
  }

  /** As a change of it was answered before 2.75: without what extensions had added. */
  ObjectNode updated(ServerRecord server) {
    ObjectNode view = shown(server);
    for (String name : List.copyOf(view.propertyNames())) {
      if (EXTENSIONS.stream().anyMatch(name::startsWith)) {
        view.remove(name);
      }
    }
    return view;
  }

  ObjectNode detail(ServerRecord server) {
    Status status = Status.of(server.vmState(), server.task());
    ObjectNode view =
        Json.object()
            .put("id", server.id().toString())
            .put("name", server.name())
            .put("status", status.name())
            .put("tenant_id", server.project())
            .put("user_id", server.user());
    ObjectNode metadata = view.putObject("metadata");
    server.metadata().forEach(metadata::put);
    view.put("hostId", server.host().map(h -> HostIds.hostId(server.project(), h)).orElse(""));
    view.putObject("image")
        .put("id", server.image().toString())
        .set("links", request.links().bookmarkOnly("images/" + server.image()));
    view.set("flavor", flavor(server.flavor()));
    view.put("created", Dates.seconds(server.createdAt()))
        .put("updated", Dates.seconds(server.updatedAt()));
    view.putObject("addresses");
    ServerLabels labels = server.labels();
    view.put("accessIPv4", labels.accessIpV4()).put("accessIPv6", labels.accessIpV6());
    view.set("links", request.links().both("servers/" + server.id()));
    view.put("OS-DCF:diskConfig", diskConfig(server));
    if (status.showsProgress()) {
      view.put("progress", server.progress());
    }
    if (server.vmState() == VmState.ERROR || server.vmState() == VmState.DELETED) {
      server.fault().ifPresent(fault -> view.set("fault", fault(fault)));
    }
    String zone =
        server.host().map(h -> zones.getOrDefault(h, AggregateStore.DEFAULT_ZONE)).orElse("");
    view.put("OS-EXT-AZ:availability_zone", zone)
        .put("config_drive", server.config().drive() ? "True" : "");
    Json.putOrNull(view, "key_name", server.config().key().map(PublicKey::name).orElse(null));
    Json.putOrNull(
        view, "OS-SRV-USG:launched_at", server.launchedAt().map(Dates::micros).orElse(null));
    Json.putOrNull(
        view, "OS-SRV-USG:terminated_at", server.terminatedAt().map(Dates::micros).orElse(null));
    states(server, view);
    adminOnly(server, view);
    volumes(server, view);
    laterFields(server, view);
    return view;
  }

  private void volumes(ServerRecord server, ObjectNode view) {
    ArrayNode attached = view.putArray("os-extended-volumes:volumes_attached");
    for (VolumeRecord volume : volumes.getOrDefault(server.id(), List.of())) {
      ObjectNode shown = attached.addObject().put("id", volume.id().toString());
      if (request.has(Change.SERVER_EXTENDED_ATTRIBUTES)) {
        shown.put("delete_on_termination", false);
      }
    }
  }

  private static void states(ServerRecord server, ObjectNode view) {
    Json.putOrNull(view, "OS-EXT-STS:task_state", server.task().map(t -> t.wire()).orElse(null));
    view.put("OS-EXT-STS:vm_state", server.vmState().wire())
        .put("OS-EXT-STS:power_state", server.power().number());
  }

  private ObjectNode flavor(FlavorRecord flavor) {
    if (request.version().before(Change.FLAVOR_EMBEDDED)) {
      ObjectNode link = Json.object().put("id", flavor.id());
      link.set("links", request.links().bookmarkOnly("flavors/" + flavor.id()));
      return link;
    }
    ObjectNode embedded =
        Json.object()
            .put("vcpus", flavor.vcpus())
            .put("ram", flavor.memoryMib())
            .put("disk", flavor.diskGib())
            .put("ephemeral", flavor.ephemeralGib())
            .put("swap", flavor.swapMib())
            .put("original_name", flavor.name());
    ObjectNode specs = embedded.putObject("extra_specs");
    flavor.extraSpecs().forEach(specs::put);
    return embedded;
  }

  private ObjectNode fault(Fault fault) {
    int code = ErrorReply.statusOf(fault.failure().code().kind());
    ObjectNode view =
        Json.object()
            .put("code", code)
            .put("created", Dates.seconds(fault.at()))
            .put("message", fault.failure().message());
    if (request.admin() || code != 500) {
      view.put("details", fault.failure().code().novaName() + ": " + fault.failure().message());
    }
    return view;
  }

  private void adminOnly(ServerRecord server, ObjectNode view) {
    if (request.admin()) {
      Json.putOrNull(view, "OS-EXT-SRV-ATTR:host", server.host().orElse(null));
      view.put("OS-EXT-SRV-ATTR:instance_name", instanceName(server));
      Json.putOrNull(view, "OS-EXT-SRV-ATTR:hypervisor_hostname", server.host().orElse(null));
    }
    if (request.admin() && request.has(Change.SERVER_EXTENDED_ATTRIBUTES)) {
      view.put("OS-EXT-SRV-ATTR:reservation_id", reservation(server))
          .put("OS-EXT-SRV-ATTR:launch_index", server.labels().launchIndex())
          .put("OS-EXT-SRV-ATTR:kernel_id", property(server, "kernel_id"))
          .put("OS-EXT-SRV-ATTR:ramdisk_id", property(server, "ramdisk_id"))
          .put("OS-EXT-SRV-ATTR:root_device_name", "/dev/vda");
      Json.putOrNull(view, "OS-EXT-SRV-ATTR:user_data", server.config().userData().orElse(null));
    }
    if (request.has(Change.HOSTNAME)
        || (request.admin() && request.has(Change.SERVER_EXTENDED_ATTRIBUTES))) {
      view.put("OS-EXT-SRV-ATTR:hostname", server.hostname());
    }
    if (request.admin() && request.has(Change.SERVER_HOST_STATUS)) {
      view.put("host_status", server.host().map(hostStatus::get).orElse(""));
    }
  }

  private void laterFields(ServerRecord server, ObjectNode view) {
    if (request.has(Change.SERVER_LOCKED)) {
      view.put("locked", server.lock().isPresent());
    }
    if (request.has(Change.SERVER_DESCRIPTION)) {
      Json.putOrNull(view, "description", server.description().orElse(null));
    }
    if (request.has(Change.SERVER_TAGS)) {
      ArrayNode tags = view.putArray("tags");
      server.labels().tags().forEach(tags::add);
    }
    if (request.has(Change.TRUSTED_CERTIFICATES)) {
      view.putNull("trusted_image_certificates");
    }
    if (request.has(Change.LOCKED_REASON)) {
      Json.putOrNull(view, "locked_reason", server.lock().flatMap(ServerLock::reason).orElse(null));
    }
    if (request.has(Change.PINNED_ZONE)) {
      Json.putOrNull(view, "pinned_availability_zone", server.availabilityZone().orElse(null));
    }
  }

  static String diskConfig(ServerRecord server) {
    return server.labels().autoDisk() ? "AUTO" : "MANUAL";
  }

  /** One from before requests were noted stands for itself. */
  static String reservation(ServerRecord server) {
    return server
        .labels()
        .reservation()
        .orElseGet(() -> "r-" + server.id().toString().substring(0, 8));
  }

  /** The server's kernel or ramdisk is its image's. */
  private String property(ServerRecord server, String name) {
    return Optional.ofNullable(images.get(server.image()))
        .map(image -> image.properties().getOrDefault(name, ""))
        .orElse("");
  }

  private static String instanceName(ServerRecord server) {
    return String.format(Locale.ROOT, "instance-%.8s", server.id());
  }
}
