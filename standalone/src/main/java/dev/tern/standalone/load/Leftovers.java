package dev.tern.standalone.load;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * What may not be when all migrations have ended, looked up where it is: files on hosts, simulated
 * processes, claims, messages, and what the database says of servers.
 */
final class Leftovers {
  private static final List<String> EMPTY =
      List.of("keys", "reserved", "receiving", "trash", "kept", "receipts");

  private final LoadCloud cloud;
  private final LoadClient api;
  private final Set<String> servers;
  private final int hosts;

  Leftovers(LoadCloud cloud, LoadClient api, Set<String> servers, int hosts) {
    this.cloud = cloud;
    this.api = api;
    this.servers = Set.copyOf(servers);
    this.hosts = hosts;
  }

  /** Everything that is wrong now. */
  List<String> find() throws IOException, InterruptedException {
    List<String> found = new ArrayList<>(cloud.world().violations());
    Map<String, String> owners = owners(found);
    runners(found, owners);
    for (int host = 1; host <= hosts; host++) {
      files(found, host, owners);
    }
    claims(found, owners);
    rest(found);
    messages(found);
    return found;
  }

  private Map<String, String> owners(List<String> found) throws IOException, InterruptedException {
    Map<String, String> owners = new HashMap<>();
    for (String id : servers) {
      JsonNode server = api.get("/v2.1/servers/" + id).path("server");
      owners.put(id, server.path("OS-EXT-SRV-ATTR:host").asString());
      if (!server.path("status").asString().equals("ACTIVE")
          || !server.path("OS-EXT-STS:task_state").isNull()) {
        found.add(
            "server %s is %s, task %s: %s"
                .formatted(
                    id,
                    server.path("status").asString(),
                    server.path("OS-EXT-STS:task_state"),
                    server.path("fault")));
      }
    }
    return owners;
  }

  private void runners(List<String> found, Map<String, String> owners) {
    Set<Path> expected = new HashSet<>();
    for (int host = 1; host <= hosts; host++) {
      Path instances = cloud.data(host).resolve("instances").toAbsolutePath().normalize();
      String name = LoadCloud.host(host);
      owners.forEach((server, owner) -> {
        if (owner.equals(name)) {
          expected.add(instances.resolve(server));
        }
      });
    }
    Set<Path> alive = new HashSet<>();
    cloud.world().running().forEach(path -> alive.add(MortalPath.plain(path)));
    Set<Path> run = new HashSet<>();
    cloud.world().runners().forEach(path -> run.add(MortalPath.plain(path)));
    differ(found, "no guest runs in ", expected, run);
    differ(found, "a process is left in ", alive, expected);
  }

  private static void differ(List<String> found, String what, Set<Path> these, Set<Path> those) {
    these.stream()
        .filter(path -> !those.contains(path))
        .sorted()
        .forEach(path -> found.add(what + path));
  }

  private void files(List<String> found, int host, Map<String, String> owners) throws IOException {
    String name = LoadCloud.host(host);
    for (String directory : EMPTY) {
      for (String entry : entries(cloud.data(host).resolve(directory))) {
        found.add("%s has %s/%s".formatted(name, directory, entry));
      }
    }
    for (String entry : entries(cloud.data(host).resolve("instances"))) {
      if (!name.equals(owners.get(entry))) {
        found.add("%s has instances/%s".formatted(name, entry));
      }
    }
  }

  private static List<String> entries(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }

  private void claims(List<String> found, Map<String, String> owners)
      throws IOException, InterruptedException {
    for (JsonNode host : api.get("/v2.1/os-hypervisors/detail").path("hypervisors")) {
      String name = host.path("hypervisor_hostname").asString();
      long expected = owners.values().stream().filter(name::equals).count();
      if (host.path("vcpus_used").asInt() != expected) {
        found.add(
            "%s has %d processors claimed instead of %d"
                .formatted(name, host.path("vcpus_used").asInt(), expected));
      }
    }
  }

  private void rest(List<String> found) throws IOException, InterruptedException {
    api.get("/v1/migrations?in_progress=true")
        .path("migrations")
        .forEach(migration ->
            found.add(
                "migration %s has not ended: %s, %s"
                    .formatted(
                        migration.path("uuid").asString(),
                        migration.path("status").asString(),
                        migration.path("doubt"))));
    api.get("/v1/dead-letters")
        .path("dead_letters")
        .forEach(letter -> found.add("a dead letter: " + letter));
  }

  private void messages(List<String> found) throws IOException {
    ConnectionFactory factory = new ConnectionFactory();
    try {
      factory.setUri(cloud.amqp());
    } catch (GeneralSecurityException | URISyntaxException e) {
      throw new IOException("the broker's address is none", e);
    }
    List<String> queues = new ArrayList<>(List.of("tern.conductor", "tern.scheduler", "tern.dead"));
    for (int host = 1; host <= hosts; host++) {
      queues.add("tern.agent." + LoadCloud.host(host));
    }
    try (Connection connection = factory.newConnection();
        Channel channel = connection.createChannel()) {
      for (String queue : queues) {
        int waiting = channel.queueDeclarePassive(queue).getMessageCount();
        if (waiting > 0) {
          found.add(waiting + " messages in " + queue);
        }
      }
    } catch (TimeoutException e) {
      throw new IOException("the broker does not answer", e);
    }
  }
}
