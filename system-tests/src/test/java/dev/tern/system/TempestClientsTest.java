package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.TestImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The Tempest of Debian's package against {@code ./tern up} with QEMU and a real Keystone: all its
 * tests of a compute service but those that {@code tempest/left-out.txt} names, with the cause.
 */
@DisplayName("Tempest")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("S12")
class TempestClientsTest {
  private static final Duration LONGEST = Duration.ofMinutes(40);
  private static final Path LEFT_OUT = Path.of("src/test/resources/tempest/left-out.txt");
  private static final String COMPUTE = "^tempest\\.api\\.compute\\.";
  private static final Path PAGE = Path.of("..", "docs", "compatibility.md");
  private static final String SERVICES = "the service's word";

  @TempDir static Path folder;
  @TempDir static Path keystones;
  @TempDir static Path work;

  @Test
  void finds_what_it_wants_of_a_compute_service() throws Exception {
    try (PrivateKeystone keystone = PrivateKeystone.start(keystones)) {
      keystone.user("tern", SERVICES, keystone.project("service"), "admin");
      Path password = Files.writeString(folder.resolve("password"), SERVICES);
      try (OrdinaryUser tern =
          OrdinaryUser.up(
              folder,
              "-Dtern.api.auth=keystone",
              "-Dtern.api.keystone.url=" + keystone.url(),
              "-Dtern.api.keystone.username=tern",
              "-Dtern.api.keystone.password=" + SERVICES,
              "-Dtern.api.keystone.deadline=2m",
              "-Dtern.agent.image-identity.username=tern",
              "-Dtern.agent.image-identity.password-file=" + password,
              "-Dtern.quota.cores=20",
              "-Dtern.quota.ram=51200",
              "-Dtern.conductor.server.stop-grace=3s")) {
        keystone.service("compute", tern.place().api().resolve("/v2.1").toString());
        keystone.service("image", tern.place().api().resolve("/image").toString());
        settings(keystone, new ComputeClient(tern.place().api()).as(keystone.adminToken()));
        run();
      }
    }
  }

  private static void settings(PrivateKeystone keystone, ComputeClient admin)
      throws IOException, InterruptedException {
    Path one = work.resolve("one.qcow2");
    Path other = work.resolve("other.qcow2");
    TestImages.base(one, 64L << 20, 1 << 20, 7);
    TestImages.base(other, 64L << 20, 1 << 20, 8);
    Map<String, String> all = Map.of("visibility", "public");
    for (String id : List.of("91", "92")) {
      Map<String, Object> flavor =
          Map.of("id", id, "name", "f" + id, "ram", 64 + id.charAt(1), "vcpus", 1, "disk", 1);
      admin.post("/v2.1/flavors", Map.of("flavor", flavor));
    }
    Files.writeString(
        work.resolve("tempest.conf"),
        Files.readString(Path.of("src/test/resources/tempest/tempest.conf"))
            .replace("@FOLDER@", work.toString())
            .replace("@KEYSTONE@", keystone.url())
            .replace("@PASSWORD@", keystone.adminPassword())
            .replace("@IMAGE@", admin.upload("one", "qcow2", all, one))
            .replace("@OTHER@", admin.upload("other", "qcow2", all, other)));
    Files.writeString(
        work.resolve(".stestr.conf"),
        """
        [DEFAULT]
        test_path=/usr/lib/python3/dist-packages/tempest/test_discover
        top_dir=/usr/lib/python3/dist-packages/tempest
        group_regex=([^\\.]*\\.)*
        """);
  }

  private static void run() throws IOException, InterruptedException {
    CommandLine shell =
        new CommandLine(
            work, Map.of("TEMPEST_CONFIG_DIR", work.toString(), "HOME", work.toString()), LONGEST);
    CommandLine.Ended ended =
        shell.run(
            "stestr run --concurrency 2 --exclude-list %s " + COMPUTE, LEFT_OUT.toAbsolutePath());
    Path out = Files.writeString(Path.of("target", "tempest.out"), ended.out());
    assertThat(ended.status())
        .as(
            "%s has all of it; failed: %s",
            out.toAbsolutePath(),
            ended.out().lines().filter(line -> line.endsWith("... FAILED")).toList())
        .isZero();
    long all = count(shell, "stestr list " + COMPUTE);
    long chosen =
        count(shell, "stestr list --exclude-list %s " + COMPUTE, LEFT_OUT.toAbsolutePath());
    assertThat(Files.readString(PAGE))
        .as("what %s says of Tempest", PAGE)
        .contains("of its %d tests %d are left out".formatted(all, all - chosen));
  }

  private static long count(CommandLine shell, String list, Object... values)
      throws IOException, InterruptedException {
    return shell
        .run(list, values)
        .ok()
        .out()
        .lines()
        .filter(line -> line.startsWith("tempest."))
        .count();
  }
}
