package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Pause;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.Patience;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** {@code ./tern up}, whose agents have the Glance of Debian's package for their images. */
@DisplayName("With a real Glance")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("S12")
class GlanceClientsTest {
  private static final Duration BOOT = Duration.ofMinutes(2);

  @TempDir static Path folder;
  @TempDir static Path glances;
  @TempDir static Path work;

  @Test
  void agents_take_an_image_of_it_if_it_is_what_the_record_says() throws Exception {
    int port = PrivateProcess.freePort();
    for (String file : List.of("glance-api.conf", "paste.ini")) {
      Files.writeString(
          glances.resolve(file),
          Files.readString(Path.of("src/test/resources/glance", file))
              .replace("@FOLDER@", glances.toString())
              .replace("@PORT@", "" + port));
    }
    String settings = glances.resolve("glance-api.conf").toString();
    URI there = URI.create("http://127.0.0.1:%d/".formatted(port));
    PrivateProcess.run(
        glances, Map.of(), List.of("glance-manage", "--config-file", settings, "db_sync"));
    try (PrivateProcess glance =
            PrivateProcess.start(
                glances, Map.of(), List.of("glance-api", "--config-file", settings), there);
        OrdinaryUser tern =
            OrdinaryUser.up(
                folder,
                "-Dtern.agent.driver=fake",
                "-Dtern.agent.image-service=http://127.0.0.1:" + port)) {
      URI api = tern.place().api();
      Path disk = image("disk.raw", 7);
      Path other = image("other.raw", 8);
      ComputeClient client = new ComputeClient(api);
      String same = client.upload("same", "raw", Map.of(), disk);
      String changed = client.upload("changed", "raw", Map.of(), disk);
      CommandLine shell = new CommandLine(work, Map.of());
      put(shell, there, same, disk);
      put(shell, there, changed, other);

      assertThat(booted(client, same).path("status").asString()).isEqualTo("ACTIVE");
      assertThat(glance.said()).contains("GET /v2/images/" + same + "/file");
      JsonNode refused = booted(client, changed);
      assertThat(refused.path("status").asString()).isEqualTo("ERROR");
      assertThat(glance.said()).contains("GET /v2/images/" + changed + "/file");
    }
  }

  private static Path image(String name, int seed) throws Exception {
    byte[] content = new byte[64 << 10];
    new Random(seed).nextBytes(content);
    content[0] = 1; // no format's magic
    return Files.write(work.resolve(name), content);
  }

  /** By Glance's own client. */
  private static void put(CommandLine shell, URI glance, String id, Path file) throws Exception {
    shell
        .run(
            "glance --os-image-url %s --os-auth-token any --os-image-api-version 2 image-create"
                + " --id %s --name disk --disk-format raw --container-format bare --file %s",
            glance, id, file)
        .ok();
  }

  private static JsonNode booted(ComputeClient client, String image) throws Exception {
    String server =
        client
            .post(
                "/v2.1/servers",
                Map.of(
                    "server",
                    Map.of("name", "web", "imageRef", image, "flavorRef", "t", "networks", "none")))
            .path("server")
            .path("id")
            .asString();
    return new Patience(Pause.SLEEPING)
        .until(
            "the server is made or not",
            BOOT,
            () ->
                Optional.of(client.get("/v2.1/servers/" + server).path("server"))
                    .filter(shown -> !shown.path("status").asString().equals("BUILD")));
  }
}
