package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.FormSettings;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.ConsoleTail;
import dev.tern.standalone.demo.GuestWatch;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@DisplayName("A server that moves there and back ten times")
class ThereAndBackSystemTest {
  private static final Pattern BEAT = Pattern.compile("(?m)^H (\\d+) [^\n]*\n");
  private static final int MOVES = 10;

  private static final Map<String, Object> CONFIG =
      Map.of(
          "config_drive",
          true,
          "metadata",
          Map.of("role", "lighthouse"),
          "user_data",
          "I2Nsb3VkLWNvbmZpZwo=");

  @TempDir Path folder;

  @Test
  @Tag("S166")
  @Tag("S91")
  @Tag("S146")
  void never_reboots_loses_nothing_and_leaves_nothing_once_deleted() throws Exception {
    FormSettings settings =
        new FormSettings(
            folder,
            2,
            0,
            Optional.empty(),
            Optional.empty(),
            false,
            Map.of("tern.conductor.migration.keep-source-disks", "false"));
    try (DemoStage stage = DemoStage.set(settings, line -> {})) {
      ComputeClient api = new ComputeClient(stage.place().api(), "compute 2.30");
      TestServer server =
          TestServer.boot(stage, api, TestServer.upload(stage, api), Optional.empty(), CONFIG);
      String config = config(api, server);
      assertThat(config).contains("config-2", server.id(), "lighthouse", "#cloud-config");
      GuestWatch watch = new GuestWatch();
      try (ConsoleTail _ = new ConsoleTail(server.consoles(), watch, Pause.SLEEPING)) {
        server.awaitWrites(watch, 50);
        for (int move = 1; move <= MOVES; move++) {
          String before = server.host();
          server.migrate();
          assertThat(server.host()).as("move %d", move).isNotEqualTo(before);
          if (move == 1) {
            assertOneConsole(server);
            assertThat(config(api, server)).isEqualTo(config);
          }
          server.awaitWrites(watch, watch.sight().acknowledgements() + 20);
        }
      }
      GuestWatch.Sight sight = watch.sight();
      assertThat(sight.bootIds()).isEqualTo(1);
      assertThat(sight.beatsBackwards()).isZero();
      assertThat(sight.badPages()).isZero();
      assertThat(sight.troubles()).isEmpty();
      assertThat(sight.switches()).isEqualTo(MOVES);
      server.delete();
      assertThat(left(stage)).isEmpty();
    }
  }

  /** No heartbeat is missing or doubled where the guest changed hosts. */
  private static void assertOneConsole(TestServer server) throws Exception {
    List<Long> here = beats(Files.readString(server.consoles().get(server.host())));
    List<Long> shown = beats(server.console());
    assertThat(shown.getFirst()).isLessThan(here.getFirst());
    assertThat(shown)
        .isEqualTo(LongStream.rangeClosed(shown.getFirst(), shown.getLast()).boxed().toList());
  }

  /** The config drive on the server's host, which is the only one that has it. */
  private static String config(ComputeClient api, TestServer server) throws Exception {
    List<Path> drives =
        api.get("/v1/servers/" + server.id() + "/disks")
            .path("disks")
            .valueStream()
            .filter(disk -> disk.path("id").asString().equals("config"))
            .map(disk -> Path.of(disk.path("file").asString()))
            .toList();
    assertThat(drives).hasSize(1);
    return Files.readString(drives.getFirst(), StandardCharsets.ISO_8859_1);
  }

  private static List<Long> beats(String console) {
    return BEAT.matcher(console).results().map(beat -> Long.valueOf(beat.group(1))).toList();
  }

  /**
   * Files, processes, listening ports, claims, messages: all that a server and its moves could
   * leave.
   */
  static List<String> left(DemoStage stage) throws Exception {
    List<String> left = new ArrayList<>();
    for (Path data : stage.place().hostData().values()) {
      try (Stream<Path> files = Files.list(data.resolve("instances"))) {
        files.forEach(file -> left.add(file.toString()));
      }
      if (Files.exists(data.resolve("kept"))) {
        try (Stream<Path> files = Files.list(data.resolve("kept"))) {
          files.forEach(file -> left.add(file.toString()));
        }
      }
    }
    for (Path data : stage.place().hostData().values()) {
      try (Stream<Path> bases = Files.list(data.resolve("_base"))) {
        for (Path base : (Iterable<Path>) bases::iterator) {
          if (Files.readString(base, StandardCharsets.ISO_8859_1).contains("config-2")) {
            left.add("config drive " + base);
          }
        }
      }
    }
    ProcessHandle.allProcesses()
        .filter(process -> process.info().commandLine().orElse("").contains("qemu-system"))
        .filter(process ->
            process
                .info()
                .commandLine()
                .orElse("")
                .contains(stage.place().work().resolveSibling("hosts").toString()))
        .forEach(process -> left.add("process " + process.pid()));
    stage.listeners().forEach(address -> left.add("listener " + address));
    for (JsonNode host :
        new ComputeClient(stage.place().api(), "compute 2.50")
            .get("/v2.1/os-hypervisors/detail")
            .path("hypervisors")) {
      if (host.path("vcpus_used").asInt() != 0 || host.path("running_vms").asInt() != 0) {
        left.add("claims on " + host.path("hypervisor_hostname").asString() + ": " + host);
      }
    }
    left.addAll(messages(stage));
    return left;
  }

  private static List<String> messages(DemoStage stage) throws Exception {
    List<String> left = new ArrayList<>();
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(stage.amqp());
    try (Connection connection = factory.newConnection();
        Channel channel = connection.createChannel()) {
      for (String queue :
          List.of(
              "tern.conductor",
              "tern.scheduler",
              "tern.agent.host-1",
              "tern.agent.host-2",
              "tern.dead")) {
        int waiting = channel.queueDeclarePassive(queue).getMessageCount();
        if (waiting > 0) {
          left.add(waiting + " messages in " + queue);
        }
      }
    }
    return left;
  }
}
