package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.demo.Patience;
import dev.tern.standalone.demo.TestImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** A host dies, and its servers are evacuated as Nova's operators type it. */
@DisplayName("The clients of Nova's command line")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("S12")
class EvacuationClientsTest {
  private static final Duration SOON = Duration.ofMinutes(2);

  @TempDir static Path folder;
  @TempDir static Path work;

  private final Patience patience = new Patience(Pause.SLEEPING);

  @Test
  void evacuate_the_servers_of_a_dead_host() throws Exception {
    try (OrdinaryUser tern = OrdinaryUser.up(folder, "--processes")) {
      Path clouds = folder.resolve("clouds.yaml");
      CommandLine shell =
          new CommandLine(
              work, Map.of("OS_CLIENT_CONFIG_FILE", clouds.toString(), "OS_CLOUD", "tern"));
      CommandLine nova =
          new CommandLine(work, CommandLineClientsTest.variables(Files.readString(clouds)));
      Path disk = work.resolve("disk.qcow2");
      TestImages.base(disk, 256L << 20, 1 << 20, 7);
      shell
          .run(
              "openstack image create --disk-format qcow2 --container-format bare --file %s disk",
              disk)
          .ok();
      shell.run("openstack flavor create --id small --ram 64 --vcpus 1 --disk 1 small").ok();
      for (String name : List.of("one", "two", "three")) {
        shell
            .run(
                "openstack --os-compute-api-version 2.74 server create --image disk --flavor small"
                    + " --nic none --host host-1 --wait %s",
                name)
            .ok();
      }
      assertThat(nova.run("nova evacuate one").out()).contains("is still in use");

      Path data = Objects.requireNonNull(tern.place().hostData().get("host-1"));
      for (ProcessHandle process : agents(data)) {
        DemoStage.end(process);
      }
      for (ProcessHandle guest : DemoStage.guestsIn(data).toList()) {
        DemoStage.end(guest);
      }
      assertThat(nova.run("nova evacuate one").out()).contains("is still in use");
      shell.run("openstack compute service set --down host-1 nova-compute").ok();

      nova.run("nova evacuate one host-2").ok();
      await(shell, "one", "ACTIVE");
      // 6.0.0 stumbles over the empty answer, after it was accepted.
      var _ = shell.run("openstack server evacuate two");
      await(shell, "two", "ACTIVE");
      assertThat(nova.run("nova host-evacuate host-1").ok().out()).contains("True");
      await(shell, "three", "ACTIVE");
      assertThat(nova.run("nova migration-list --migration-type evacuation").ok().out())
          .contains("done")
          .contains("host-2");
      assertThat(shell.run("openstack server event list one").ok().out()).contains("evacuate");
      assertThat(shell.run("openstack compute service set --up host-1 nova-compute").status())
          .as("the host has not been told")
          .isNotZero();
    }
  }

  /** Which host an agent is of, only its environment says. */
  private static List<ProcessHandle> agents(Path data) throws IOException {
    List<ProcessHandle> found = new ArrayList<>();
    for (ProcessHandle one : ProcessHandle.allProcesses().toList()) {
      if (one.info().commandLine().orElse("").contains("service agent")
          && Files.readString(Path.of("/proc", "" + one.pid(), "environ"))
              .contains(data.toString())) {
        found.add(one);
      }
    }
    assertThat(found).as("the agent of " + data).hasSize(1);
    return found;
  }

  private void await(CommandLine shell, String server, String status) throws Exception {
    patience.untilTrue(
        server + " is at host-2",
        SOON,
        () -> {
          try {
            JsonNode now = shell.run("openstack server show %s -f json", server).json();
            assertThat(now.path("status").asString()).isNotEqualTo("ERROR");
            return Optional.of(
                now.path("status").asString().equals(status)
                    && now.path("OS-EXT-SRV-ATTR:host").asString().equals("host-2"));
          } catch (IOException e) {
            throw new IllegalStateException(e);
          }
        });
  }
}
