package dev.tern.api.servers;

import static dev.tern.api.errors.Refusals.forbidden;
import static dev.tern.api.errors.Refusals.invalid;

import dev.tern.api.ApiSettings;
import dev.tern.api.errors.Refusals;
import dev.tern.api.flavors.FlavorAccess;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.JsonBody;
import dev.tern.api.version.Change;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.AggregateStore;
import dev.tern.store.FlavorStore;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.HostStore;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.KeyPairStore.PublicKey;
import dev.tern.store.ServerLabels;
import dev.tern.store.ServerStore.ConfigWish;
import dev.tern.store.ServerStore.NewServer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/** Reads the body of a create, whole, before anything is made. */
@Component
final class CreateServer {
  private static final int MAX_USER_DATA = 65_535;

  private final FlavorStore flavors;
  private final BootImage bootImage;
  private final HostStore hosts;
  private final ApiSettings settings;
  private final BootWishes wishes;
  private final AggregateStore aggregates;
  private final Supplier<UUID> newIds;

  CreateServer(
      FlavorStore flavors,
      BootImage bootImage,
      HostStore hosts,
      ApiSettings settings,
      BootWishes wishes,
      AggregateStore aggregates,
      Supplier<UUID> newIds) {
    this.flavors = flavors;
    this.bootImage = bootImage;
    this.hosts = hosts;
    this.settings = settings;
    this.wishes = wishes;
    this.aggregates = aggregates;
    this.newIds = newIds;
  }

  /**
   * What was asked for.
   *
   * @param servers to make, one or several alike
   * @param adminPass of each of them
   */
  record Asked(List<NewServer> servers, String adminPass) {}

  /**
   * Reads all of it.
   *
   * @throws dev.tern.contract.ComputeException naming what is wrong; nothing is made
   */
  Asked read(JsonBody body, ApiRequest request) {
    body.refuseOthers(Set.of("server", "os:scheduler_hints", "OS-SCH-HNT:scheduler_hints"));
    JsonBody server = body.object("server");
    server.refuseOthers(known(request));
    NotOffered.refuse(server);
    String name = ServerFields.name(server);
    Map<String, String> metadata =
        server.has("metadata") ? ServerFields.metadata(server.object("metadata")) : Map.of();
    wishes.requireMetadata(metadata.size(), request);
    boolean network = network(server, request);
    int least = server.has("min_count") ? server.integer("min_count", 1, Integer.MAX_VALUE) : 1;
    int most = server.has("max_count") ? server.integer("max_count", 1, Integer.MAX_VALUE) : least;
    if (least > most) {
      throw invalid("min_count must be <= max_count");
    }
    if (most > settings.maxServersPerRequest()) {
      throw forbidden(
          "servers:create: max_count above %d".formatted(settings.maxServersPerRequest()));
    }
    Optional<String> description = ServerFields.description(server, request);
    Optional<String> hostname = ServerFields.hostname(server, request);
    BootWishes.Password password = wishes.password(server);
    ConfigWish config = config(server, wishes.key(server, request), password);
    Placement placement = placement(server, request);
    FlavorRecord flavor = FlavorAccess.usable(flavors, FlavorAccess.referred(server), request);
    BlockDevices disks = BlockDevices.read(server, flavor);
    ImageRecord image = bootImage.find(server, disks.bootImage(), flavor, request.caller());

    String reservation = "r-" + newIds.get().toString().substring(28);
    List<NewServer> all = new ArrayList<>();
    for (int i = 1; i <= most; i++) {
      ServerId id = new ServerId(newIds.get());
      String numbered = most == 1 ? name : name + "-" + i;
      all.add(
          new NewServer(
              id,
              numbered,
              hostname.orElseGet(() -> hostnameFrom(numbered, id)),
              request.caller().user(),
              request.caller().project(),
              flavor,
              image.id(),
              metadata,
              placement.zone(),
              placement.host(),
              network,
              description,
              config,
              disks.ephemeralGib(),
              labels(server, reservation, i - 1)));
    }
    return new Asked(all, password.text());
  }

  private static ServerLabels labels(JsonBody server, String reservation, int index) {
    return new ServerLabels(
        ServerFields.tags(server),
        ServerFields.address(server, "accessIPv4", false).orElse(""),
        ServerFields.address(server, "accessIPv6", true).orElse(""),
        ServerFields.autoDisk(server).orElse(true),
        Optional.of(reservation),
        index);
  }

  /**
   * Whether whoever asks wants to know the request's servers by one name, in a body read before.
   */
  static boolean wantsReservation(JsonBody body) {
    JsonBody server = body.object("server");
    return server.given("return_reservation_id") && server.flag("return_reservation_id");
  }

  private static Set<String> known(ApiRequest request) {
    Set<String> known =
        new HashSet<>(
            Set.of(
                "name",
                "flavorRef",
                "imageRef",
                "networks",
                "metadata",
                "availability_zone",
                "min_count",
                "max_count",
                "config_drive",
                "OS-DCF:diskConfig",
                "adminPass",
                "return_reservation_id",
                "security_groups",
                "key_name",
                "user_data",
                "block_device_mapping",
                BlockDevices.FIELD,
                "accessIPv4",
                "accessIPv6"));
    if (request.has(Change.SERVER_DESCRIPTION)) {
      known.add("description");
    }
    if (request.has(Change.TAGS_AT_CREATE)) {
      known.add("tags");
    }
    if (request.version().before(Change.PERSONALITY_GONE)) {
      known.add("personality");
    }
    if (request.has(Change.TRUSTED_CERTIFICATES)) {
      known.add("trusted_image_certificates");
    }
    if (request.has(Change.CREATE_ON_HOST)) {
      known.add("host");
      known.add("hypervisor_hostname");
    }
    if (request.has(Change.HOSTNAME)) {
      known.add("hostname");
    }
    return known;
  }

  /**
   * User data, a key and a password of one's own have no other way into a guest here than its
   * config drive, so they bring one along.
   */
  private static ConfigWish config(
      JsonBody server, Optional<PublicKey> key, BootWishes.Password password) {
    Optional<String> userData =
        server.optionalText("user_data", 0, MAX_USER_DATA).filter(data -> !data.isEmpty());
    try {
      userData.ifPresent(Base64.getDecoder()::decode);
    } catch (IllegalArgumentException e) {
      throw server.invalid("user_data", "User data should be base64 encoded.");
    }
    JsonNode wish = server.get("config_drive");
    boolean empty =
        wish == null || wish.isNull() || (wish.isString() && wish.stringValue().isEmpty());
    boolean wanted = !empty && server.flag("config_drive");
    boolean drive = wanted || password.named() || userData.isPresent() || key.isPresent();
    return new ConfigWish(
        drive, userData, key, drive ? Optional.of(password.text()) : Optional.empty());
  }

  /** True for a network card; its network is the host's own, so no other can be named. */
  private static boolean network(JsonBody server, ApiRequest request) {
    boolean words = request.has(Change.NETWORKS_REQUIRED);
    JsonNode networks = words ? server.required("networks") : server.get("networks");
    if (networks == null) {
      return true;
    }
    if (words && networks.isString()) {
      return switch (networks.stringValue()) {
        case "auto" -> true;
        case "none" -> false;
        default ->
            throw server.invalid(
                "networks",
                "%s is not one of ['none', 'auto']".formatted(Refusals.shortened(networks)));
      };
    }
    if (!networks.isArray()) {
      throw server.wrongType("networks", "array");
    }
    if (!networks.isEmpty()) {
      throw server.invalid(
          "networks",
          "Networks can not be named in this cloud: use an empty list, 'none' or 'auto'.");
    }
    return false;
  }

  /** Where the server shall go, as far as its owner says. */
  private record Placement(Optional<String> zone, Optional<HostName> host) {}

  private Placement placement(JsonBody server, ApiRequest request) {
    Optional<String> text = server.optionalText("availability_zone", 1, 255);
    Optional<String> zone = Optional.empty();
    Optional<HostName> host = Optional.empty();
    if (text.isPresent()) {
      String[] parts = text.get().split(":", -1);
      if (!isZone(parts[0]) || parts.length > 3) {
        throw invalid("The requested availability zone is not available");
      }
      zone = parts.length == 1 ? Optional.of(parts[0]) : Optional.empty();
      for (int i = 1; i < parts.length; i++) {
        if (i == 1 && parts.length == 3 && parts[i].isEmpty()) {
          continue; // zone::node
        }
        request.caller().require(Role.ADMIN, "servers:create:forced_host");
        host = Optional.of(agreed(host, parts[i]));
      }
    }
    if (request.has(Change.CREATE_ON_HOST)) {
      for (String field : List.of("host", "hypervisor_hostname")) {
        Optional<String> named = server.optionalText(field, 1, 255);
        if (named.isPresent()) {
          request.caller().require(Role.ADMIN, "compute:servers:create:requested_destination");
          host = Optional.of(agreed(host, named.get()));
        }
      }
    }
    return new Placement(zone, host);
  }

  /** Zones are those of aggregates, and the one of all other hosts. */
  private boolean isZone(String name) {
    return name.equals(AggregateStore.DEFAULT_ZONE)
        || aggregates.zones().values().stream().anyMatch(name::equals);
  }

  private HostName agreed(Optional<HostName> before, String name) {
    HostName host = existing(name);
    if (before.isPresent() && !before.get().equals(host)) {
      throw invalid("Hosts %s and %s are different.".formatted(before.get(), host));
    }
    return host;
  }

  private HostName existing(String name) {
    HostName host;
    try {
      host = new HostName(name);
    } catch (IllegalArgumentException e) {
      throw Refusals.noComputeHost(name);
    }
    if (hosts.find(host, settings.serviceDownAfter()).isEmpty()) {
      throw Refusals.noComputeHost(name);
    }
    return host;
  }

  private static String hostnameFrom(String name, ServerId id) {
    String plain =
        name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9-]+", "-").replaceAll("^-+|-+$", "");
    String cut = plain.length() > 63 ? plain.substring(0, 63).replaceAll("-+$", "") : plain;
    return cut.isEmpty() ? "server-" + id : cut;
  }
}
