package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.fakes.Samples;
import dev.tern.contract.ServerId;
import dev.tern.virt.testing.Mutations;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every endpoint there is, found by asking, with bodies, paths and queries that are almost right.
 */
@DisplayName("Any request to any endpoint")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HostileRequestsTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final Pattern VARIABLE = Pattern.compile("\\{\\w+}");
  private static final List<String> VERSIONS = List.of("2.1", "2.37", "2.65", "2.80", "2.90");
  private static final List<String> NAMES =
      List.of(
          SERVER.toString(),
          SERVER.toString(),
          SERVER.toString(),
          "disk0",
          "host1",
          "1",
          "complete",
          "99999999-9999-4999-8999-999999999999",
          "..%2f..",
          "%00",
          "1;x=1",
          "%F0%9F%90%A6",
          "-1",
          "99999999999999999999",
          "a%0d%0aX:%20b",
          "disable",
          Samples.IMAGE.toString());
  private static final List<String> QUERIES =
      List.of(
          "",
          "",
          "?limit=1",
          "?limit=99999999999",
          "?marker=%00",
          "?sort_key=name&sort_key=name",
          "?changes-since=+999999999-01-01T00:00:00Z",
          "?name=%5B",
          "?all_tenants=1",
          "?status=ERROR",
          "?changes-before=0000-00-00",
          "?a=%ff",
          "?binary=%00",
          "?length=-1",
          "?ip=%28%28%28a%2B%29");
  private static final List<byte[]> BODIES =
      Mutations.texts(
          "{\"server\":{\"name\":\"n\",\"flavorRef\":\"tiny\",\"imageRef\":\"%s\",\"networks\":\"none\",\"metadata\":{\"a\":\"b\"},\"min_count\":1,\"max_count\":2,\"config_drive\":true,\"availability_zone\":\"nova:host1\",\"user_data\":\"aGk=\"}}"
              .formatted(Samples.IMAGE),
          "{\"os-migrateLive\":{\"host\":\"host2\",\"block_migration\":\"auto\",\"force\":false}}",
          "{\"os-migrateLive\":{\"host\":null,\"block_migration\":\"auto\",\"disk_over_commit\":false}}",
          "{\"os-start\":null}",
          "{\"os-stop\":null}",
          "{\"createImage\":{\"name\":\"i\",\"metadata\":{\"a\":\"b\"}}}",
          "{\"os-getConsoleOutput\":{\"length\":5}}",
          "{\"force_complete\":null}",
          "{\"server\":\"%s\",\"host\":\"host2\",\"policy\":{\"pause\":\"300ms\",\"deadline\":\"2m\",\"at_deadline\":\"abort\",\"bandwidth\":1000,\"post_copy\":false,\"compression\":\"none\"},\"disks\":[{\"id\":\"disk0\",\"way\":\"copy\"}]}"
              .formatted(SERVER),
          "{\"policy\":{\"pause\":\"1s\",\"bandwidth\":0}}",
          "{\"name\":\"i\",\"disk_format\":\"qcow2\",\"container_format\":\"bare\",\"visibility\":\"private\",\"min_disk\":0,\"tags\":[\"t\"],\"kernel_id\":\"x\"}",
          "{\"host\":\"127.0.0.1\",\"port\":10809,\"export\":\"v\",\"read_only\":false}",
          "{\"mode\":\"deep\",\"storage\":\"fast\",\"name\":\"c\",\"format\":\"qcow2\",\"reuse\":false,\"bytes_per_second\":1}",
          "{\"status\":\"disabled\",\"disabled_reason\":\"because\",\"forced_down\":true}");

  private TestApi api;
  private Path images;
  private List<String> routes;

  @BeforeAll
  void start(@TempDir Path images) {
    this.images = images;
    api = new TestApi(images, "--tern.api.max-body-size=64KB");
    routes = api.routes();
  }

  @AfterAll
  void stop() {
    api.close();
  }

  private void begin() {
    try {
      // The sample that is active has its bytes, also after somebody has deleted it.
      Files.write(images.resolve(Samples.IMAGE.toString()), new byte[64 * 1024]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    api.reset();
    api.conductors.boots(SERVER, "demo", "host1");
  }

  @Test
  void is_answered_without_a_failure_of_ours_and_leaves_nothing_when_it_is_refused() {
    assertThat(routes).hasSizeGreaterThan(60).contains("POST /v2.1/servers/{id}/action");
    begin();
    int[] tried = {0};
    Mutations.of(
        BODIES,
        4_000,
        (body, random) -> {
          if (tried[0]++ % 50 == 0) {
            begin();
          }
          String route = routes.get(random.nextInt(routes.size()));
          String request = filled(route, random);
          Map<String, Integer> before = api.stores.rows();
          TestApi.Answer answer = send(request, body, random);
          String told = request + " " + answer.status() + " " + answer.text();
          assertThat(answer.status()).as(told).isNotEqualTo(500).isLessThan(504);
          assertThat(answer.text())
              .as(told)
              .doesNotContain("Exception")
              .doesNotContain("at dev.")
              .doesNotContain("<html");
          assertThat(answer.response().headers().map()).as(told).doesNotContainKey("X");
          if (answer.status() >= 400) {
            assertThat(api.stores.rows()).as(told).isEqualTo(before);
            assertThat(answer.text()).as(told).startsWith("{");
          }
        });
  }

  private static String filled(String route, Random random) {
    return VARIABLE.matcher(route).replaceAll(_ -> NAMES.get(random.nextInt(NAMES.size())))
        + QUERIES.get(random.nextInt(QUERIES.size()));
  }

  private TestApi.Answer send(String request, byte[] body, Random random) {
    String method = request.substring(0, request.indexOf(' '));
    TestApi.Call call =
        api.to(request.substring(request.indexOf(' ') + 1))
            .version(VERSIONS.get(random.nextInt(VERSIONS.size())));
    if (random.nextInt(4) == 0) {
      call = call.as("someone:demo");
    }
    return method.equals("GET")
        ? call.get()
        : call.bytes(
            method, body, random.nextInt(20) == 0 ? "text/plain;x=\"" : "application/json");
  }

  @Test
  void is_tried_on_every_endpoint_that_takes_a_body() {
    begin();
    for (String route : routes) {
      for (byte[] body :
          Mutations.texts(
              "null", "[]", "{}", "{\"\":{}}", "\"x\"", "{\"server\":null}", "{\"x\":{}}")) {
        if (!route.startsWith("GET")) {
          String request = VARIABLE.matcher(route).replaceAll(SERVER.toString());
          TestApi.Answer answer = send(request, body, new Random(7));
          assertThat(answer.status())
              .as("%s %s: %s", request, new String(body, StandardCharsets.UTF_8), answer.text())
              .isNotEqualTo(500);
        }
      }
    }
    assertThat(routes.stream().map(r -> r.split(" ")[0]).collect(Collectors.toSet()))
        .contains("GET", "POST", "PUT", "DELETE", "PATCH");
  }
}
