package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.version.Change;
import dev.tern.api.version.Microversion;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The API's versions")
@Tag("S12")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class VersionsTest {
  private TestApi api;

  @BeforeAll
  void start(@TempDir Path images) {
    api = new TestApi(images);
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @Test
  void are_every_step_from_2_2_on_without_a_gap() {
    Change[] all = Change.values();
    for (int i = 0; i < all.length; i++) {
      assertThat(all[i].minor()).isEqualTo(i + 2);
    }
    assertThat(Microversion.MAX).hasToString("2.96");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/v2.1", "/v2.1/"})
  void are_shown_at(String path) {
    var answer = api.to(path).get();
    assertThat(answer.status()).isEqualTo(200);
    var version = answer.json().get("version");
    assertThat(version.get("id").stringValue()).isEqualTo("v2.1");
    assertThat(version.get("min_version").stringValue()).isEqualTo("2.1");
    assertThat(version.get("version").stringValue()).isEqualTo("2.96");
    assertThat(version.get("links").get(0).get("href").stringValue())
        .isEqualTo(api.base() + "/v2.1/");
  }

  @Test
  void are_listed_at_the_root() {
    var answer = api.to("/").get();
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.json().get("versions").get(0).get("status").stringValue())
        .isEqualTo("CURRENT");
  }

  /** What a browser asks for; what clients ask for is answered as ever. */
  @Test
  void are_the_dashboard_to_browsers_alone() {
    var page = api.to("/").header("Accept", "text/html,application/xml;q=0.9,*/*;q=0.8").get();
    assertThat(page.header("Content-Type")).startsWith("text/html");
    assertThat(page.header("Content-Security-Policy"))
        .contains("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'")
        .doesNotContain("unsafe", "http");
    assertThat(page.header("X-Frame-Options")).isEqualTo("DENY");
    assertThat(page.header("X-Content-Type-Options")).isEqualTo("nosniff");
    for (String accept : List.of("*/*", "application/json", "application/json, text/plain")) {
      assertThat(api.to("/").header("Accept", accept).get().json().has("versions")).isTrue();
    }
    assertThat(api.to("/ui/app.js").get().header("Content-Type")).startsWith("text/javascript");
    assertThat(
            api.to("/ui/app.js")
                .header("If-None-Match", api.to("/ui/app.js").get().header("ETag"))
                .get()
                .status())
        .isEqualTo(304);
    for (String none : List.of("/ui/none.js", "/ui/index.html", "/ui/..%2fDashboard.class")) {
      assertThat(api.to(none).get().status()).as(none).isIn(300, 400, 404);
    }
  }

  @Test
  void are_the_choices_at_any_other_path_without_a_version() {
    assertThat(api.to("/nowhere").get().status()).isEqualTo(300);
    assertThat(api.to("/nowhere").get().json().has("choices")).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "OpenStack-API-Version, compute 2.30, 2.30",
    "OpenStack-API-Version, 'volume 3.0, compute 2.53', 2.53",
    "OpenStack-API-Version, volume 3.0, 2.1",
    "OpenStack-API-Version, compute latest, 2.96",
    "X-OpenStack-Nova-API-Version, 2.25, 2.25",
    "X-OpenStack-Nova-API-Version, latest, 2.96"
  })
  void are_negotiated_by_header(String header, String value, String expected) {
    var answer = api.to("/v2.1/flavors").header(header, value).get();
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("OpenStack-API-Version")).isEqualTo("compute " + expected);
    assertThat(answer.header("X-OpenStack-Nova-API-Version")).isEqualTo(expected);
    assertThat(answer.header("Vary")).contains("OpenStack-API-Version");
  }

  @Test
  void without_a_header_are_the_oldest() {
    assertThat(api.to("/v2.1/flavors").get().header("X-OpenStack-Nova-API-Version"))
        .isEqualTo("2.1");
  }

  @Test
  void of_the_newer_header_win() {
    var answer =
        api.to("/v2.1/flavors").version("2.40").header("X-OpenStack-Nova-API-Version", "2.2").get();
    assertThat(answer.header("X-OpenStack-Nova-API-Version")).isEqualTo("2.40");
  }

  @ParameterizedTest
  @ValueSource(strings = {"2.97", "2.0", "3.1", "2.999", "1.1"})
  void that_are_not_served_answer_406(String version) {
    assertThat(api.to("/v2.1/flavors").version(version).get().fault())
        .isEqualTo(
            "406 computeFault: Version %s is not supported by the API. Minimum is 2.1 and maximum is 2.96."
                .formatted(version));
  }

  @ParameterizedTest
  @ValueSource(strings = {"2", "2.01", "two", "2.1.1", "-2.1", "2.99999999999999999999"})
  void that_are_none_answer_400(String version) {
    assertThat(api.to("/v2.1/flavors").version(version).get().fault())
        .startsWith("400 badRequest: API Version String " + version + " is of invalid format");
  }

  @ParameterizedTest
  @CsvSource({
    "/v2.1/os-hypervisors/statistics, 2.87, 200",
    "/v2.1/os-hypervisors/statistics, 2.88, 404",
    "/v2.1/os-hypervisors/1/uptime, 2.87, 400",
    "/v2.1/os-hypervisors/1/uptime, 2.88, 404",
    "/v2.1/os-hypervisors/host1/search, 2.52, 200",
    "/v2.1/os-hypervisors/host1/search, 2.53, 404",
    "/v2.1/os-hypervisors/host1/servers, 2.53, 404"
  })
  void hide_endpoints_that_are_gone(String path, String version, int status) {
    assertThat(api.to(path).version(version).get().status()).isEqualTo(status);
  }

  @Test
  void repeat_the_project_of_the_path_in_links() {
    var plain = api.to("/v2.1/flavors").get().json();
    assertThat(plain.get("flavors").get(0).get("links").get(0).get("href").stringValue())
        .isEqualTo(api.base() + "/v2.1/flavors/1");
    var scoped = api.to("/v2.1/deadbeef/flavors").get().json();
    assertThat(scoped.get("flavors").get(0).get("links").get(0).get("href").stringValue())
        .isEqualTo(api.base() + "/v2.1/deadbeef/flavors/1");
  }
}
