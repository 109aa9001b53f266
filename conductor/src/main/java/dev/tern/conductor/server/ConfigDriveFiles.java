package dev.tern.conductor.server;

import dev.tern.contract.agent.ConfigDrive;
import dev.tern.store.ServerStore.ServerRecord;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a server reads of itself on its config drive, in the form cloud-init knows as OpenStack's.
 */
final class ConfigDriveFiles {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String LATEST = "openstack/latest/";

  private ConfigDriveFiles() {}

  /** What it is told, if it has one; the zone is asked for only then. */
  static Optional<ConfigDrive> of(ServerRecord server, Supplier<String> zone) {
    if (!server.config().drive()) {
      return Optional.empty();
    }
    Map<String, String> files = new HashMap<>();
    files.put(LATEST + "meta_data.json", encoded(metaData(server, zone.get())));
    files.put(LATEST + "network_data.json", encoded(networkData()));
    files.put(LATEST + "vendor_data.json", encoded(JSON.createObjectNode()));
    server.config().userData().ifPresent(data -> files.put(LATEST + "user_data", data));
    return Optional.of(new ConfigDrive(files));
  }

  private static ObjectNode metaData(ServerRecord server, String zone) {
    ObjectNode data =
        JSON.createObjectNode()
            .put("uuid", server.id().toString())
            .put("name", server.name())
            .put("hostname", server.hostname())
            .put("launch_index", server.labels().launchIndex())
            .put("project_id", server.project())
            .put("availability_zone", zone);
    ObjectNode meta = data.putObject("meta");
    server.metadata().forEach(meta::put);
    data.putArray("devices");
    server.config().adminPass().ifPresent(password -> data.put("admin_pass", password));
    server
        .config()
        .key()
        .ifPresent(key -> {
          data.putObject("public_keys").put(key.name(), key.text());
          data.putArray("keys")
              .addObject()
              .put("name", key.name())
              .put("type", key.type())
              .put("data", key.text());
        });
    return data;
  }

  /** The host's own network gives addresses by DHCP; there is nothing to configure. */
  private static ObjectNode networkData() {
    ObjectNode data = JSON.createObjectNode();
    data.putArray("links");
    data.putArray("networks");
    data.putArray("services");
    return data;
  }

  private static String encoded(JsonNode node) {
    return Base64.getEncoder().encodeToString(node.toString().getBytes(StandardCharsets.UTF_8));
  }
}
