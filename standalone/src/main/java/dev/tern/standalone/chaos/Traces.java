package dev.tern.standalone.chaos;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.demo.ComputeClient;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * Invariant I6 from outside: what a migration that has ended left behind. Files, keys, processes,
 * listening ports, claims and messages, looked up where they are and not where Tern says.
 */
final class Traces {
  private static final List<String> QUEUES =
      List.of(
          "tern.conductor",
          "tern.scheduler",
          "tern.agent.host-1",
          "tern.agent.host-2",
          "tern.dead");

  private final Stage stage;
  private final ComputeClient api;

  Traces(Stage stage) {
    this.stage = stage;
    this.api = new ComputeClient(stage.place().api(), "compute 2.50");
  }

  /**
   * Everything that is there and belongs to no server; {@code owner} has the one server, if any.
   */
  List<String> find(Optional<String> owner) throws IOException, InterruptedException {
    List<String> found = new ArrayList<>();
    for (Map.Entry<String, Path> host : stage.place().hostData().entrySet()) {
      int allowed = owner.filter(host.getKey()::equals).isPresent() ? 1 : 0;
      more(
          found,
          host.getKey() + " has the instance ",
          entries(host.getValue().resolve("instances")),
          allowed);
      more(found, host.getKey() + " has the key ", entries(host.getValue().resolve("keys")), 0);
      more(found, host.getKey() + " keeps ", entries(host.getValue().resolve("kept")), 0);
      more(
          found,
          host.getKey() + " runs ",
          DemoStage.guestsIn(host.getValue()).map(p -> "QEMU " + p.pid()).toList(),
          allowed);
    }
    stage.listeners().forEach(address -> found.add("a listener on " + address));
    claims(found, owner);
    messages(found);
    return found;
  }

  private static void more(List<String> found, String what, List<String> there, int allowed) {
    if (there.size() > allowed) {
      there.forEach(one -> found.add(what + one));
    }
  }

  private static List<String> entries(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  private void claims(List<String> found, Optional<String> owner)
      throws IOException, InterruptedException {
    for (JsonNode host : api.get("/v2.1/os-hypervisors/detail").path("hypervisors")) {
      String name = host.path("hypervisor_hostname").asString();
      int expected = owner.filter(name::equals).isPresent() ? 1 : 0;
      if (host.path("vcpus_used").asInt() != expected) {
        found.add(
            "%s has %d processors claimed instead of %d"
                .formatted(name, host.path("vcpus_used").asInt(), expected));
      }
    }
  }

  private void messages(List<String> found) throws IOException {
    ConnectionFactory factory = new ConnectionFactory();
    try {
      factory.setUri(stage.amqp());
    } catch (GeneralSecurityException | URISyntaxException e) {
      throw new IOException("the broker's address is none", e);
    }
    try (Connection connection = factory.newConnection();
        Channel channel = connection.createChannel()) {
      for (String queue : QUEUES) {
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
