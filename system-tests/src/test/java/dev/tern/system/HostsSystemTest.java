package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.standalone.DemoStage;
import dev.tern.standalone.FormSettings;
import dev.tern.standalone.demo.ComputeClient;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@DisplayName("What hosts say of themselves")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HostsSystemTest {
  @TempDir Path folder;

  @Test
  @Tag("S149")
  @Tag("S91")
  void is_that_they_reach_each_other_both_ways_and_keep_nothing_open() throws Exception {
    FormSettings settings =
        new FormSettings(folder, 2, 0, Optional.empty(), Optional.empty(), false, Map.of());
    try (DemoStage stage = DemoStage.set(settings, line -> {})) {
      ComputeClient api = new ComputeClient(stage.place().api());
      JsonNode found = api.get("/v1/hosts/host-1/reachability/host-2").path("reachability");
      assertThat(found.path("reachable").asBoolean()).as("%s", found).isTrue();
      assertThat(found.path("ways").size()).isEqualTo(2);
      for (JsonNode way : found.path("ways")) {
        assertThat(way.path("tls").asBoolean()).isTrue();
        assertThat(way.path("failure").isNull()).isTrue();
      }
      for (String host : new String[] {"host-1", "host-2"}) {
        assertThat(api.get("/v1/hosts/" + host + "/exports").path("exports").size()).isZero();
        JsonNode ports = api.get("/v1/hosts/" + host + "/ports").path("ports");
        assertThat(ports.path("first").asInt()).isLessThan(ports.path("last").asInt());
        assertThat(ports.path("used").size()).isZero();
      }
      assertThatThrownBy(() -> api.get("/v1/hosts/host-1/reachability/host-1"))
          .hasMessageContaining("name two hosts");
      assertThat(api.find("/v1/hosts/nobody/ports")).isEmpty();
    }
  }
}
