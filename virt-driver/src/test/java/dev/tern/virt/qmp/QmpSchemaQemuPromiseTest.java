package dev.tern.virt.qmp;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

@DisplayName("The installed QEMU's schema")
class QmpSchemaQemuPromiseTest {
  @TempDir static Path directory;
  private static final Map<String, JsonNode> BY_NAME = new HashMap<>();
  private static ProcessHandle qemu;

  @BeforeAll
  static void ask() throws Exception {
    Path socket = directory.resolve("q.sock");
    Path pidFile = directory.resolve("q.pid");
    Process starting =
        new ProcessBuilder(
                "qemu-system-x86_64",
                "-machine",
                "none",
                "-nodefaults",
                "-display",
                "none",
                "-qmp",
                "unix:" + socket + ",server=on,wait=off",
                // Its parent ends when the monitor listens.
                "-daemonize",
                "-pidfile",
                pidFile.toString())
            .inheritIO()
            .start();
    assertThat(starting.waitFor()).isZero();
    qemu = ProcessHandle.of(Long.parseLong(Files.readString(pidFile).strip())).orElseThrow();
    Duration patience = Duration.ofSeconds(10);
    try (QmpMonitor monitor =
        QmpMonitor.connect(socket, new QmpDeadlines(patience, patience, patience), patience)) {
      for (JsonNode entity : monitor.call(new Commands.QueryQmpSchema())) {
        BY_NAME.put(entity.path("name").asString(), entity);
      }
    }
  }

  @AfterAll
  static void end() throws Exception {
    assertThat(qemu.destroy()).isTrue();
    var _ = qemu.onExit().get(10, TimeUnit.SECONDS);
  }

  private static JsonNode entity(String name) {
    JsonNode found = BY_NAME.get(name);
    if (found == null) {
      throw new AssertionError("QEMU's schema has no " + name);
    }
    return found;
  }

  static Stream<Class<?>> commands() {
    return Arrays.stream(Commands.class.getDeclaredClasses())
        .filter(c -> c.isRecord() && QmpCommand.class.isAssignableFrom(c));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void has_each_command_with_each_of_its_arguments(Class<?> command) {
    String name = QmpJson.commandName(command);
    assertThat(BY_NAME).containsKey(name);
    assertThat(entity(name).path("meta-type").asString()).isEqualTo("command");
    JsonNode arguments = entity(entity(name).path("arg-type").asString());
    if (command == Commands.BlockdevAdd.class) {
      for (Class<?> node :
          List.of(
              BlockNode.File.class,
              BlockNode.Nbd.class,
              BlockNode.Raw.class,
              BlockNode.Format.class)) {
        check(node, arguments);
      }
    } else if (command == Commands.DeviceAdd.class) {
      // What else it takes depends on the device, and is not in the schema.
      assertThat(arguments.path("members"))
          .extracting(m -> m.path("name").asString())
          .contains("driver", "id", "bus");
    } else {
      check(command, arguments);
    }
  }

  private static void check(Class<?> record, JsonNode object) {
    Map<String, List<JsonNode>> members = new HashMap<>();
    collect(object, members, new HashSet<>());
    for (RecordComponent component : record.getRecordComponents()) {
      String name =
          component
              .getName()
              .replaceAll("(?<=[a-z0-9])(?=[A-Z])", "-")
              .toLowerCase(java.util.Locale.ROOT);
      assertThat(members.keySet()).as("members for %s", record.getSimpleName()).contains(name);
      if (component.getType().isRecord() && !component.getType().getName().contains("Backing")) {
        assertThat(members.get(name))
            .anySatisfy(type -> check(component.getType(), entity(type.path("type").asString())));
      }
    }
  }

  /** The members of an object and of all its variants. */
  private static void collect(
      JsonNode object, Map<String, List<JsonNode>> members, Set<String> seen) {
    if (!seen.add(object.path("name").asString())) {
      return;
    }
    for (JsonNode member : object.path("members")) {
      if (member.has("name")) {
        members.computeIfAbsent(member.path("name").asString(), n -> new ArrayList<>()).add(member);
      }
    }
    for (JsonNode variant : object.path("variants")) {
      collect(entity(variant.path("type").asString()), members, seen);
    }
  }
}
