package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.fakes.Samples;
import dev.tern.contract.ImageId;
import dev.tern.contract.ServerId;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Bad input")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadInputTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final String UNKNOWN = "99999999-9999-4999-8999-999999999999";
  private static final ImageId KERNEL = ImageId.parse("33333333-3333-4333-8333-333333333333");
  private static final ImageId BOOT = ImageId.parse("44444444-4444-4444-8444-444444444444");

  private TestApi api;

  @BeforeAll
  void start(@TempDir Path images) {
    api = new TestApi(images, "--tern.api.max-body-size=8KB");
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void server() {
    api.reset();
    api.conductors.boots(SERVER, "demo", "host1");
  }

  private TestApi.Answer create(String fields) {
    return create("2.1", fields);
  }

  private TestApi.Answer create(String version, String fields) {
    return api.to("/v2.1/servers")
        .version(version)
        .post(
            "{\"server\": {\"name\": \"n\", \"flavorRef\": \"tiny\", \"imageRef\": \"%s\"%s}}"
                .formatted(Samples.IMAGE, fields));
  }

  private void nothingWasMade() {
    assertThat(api.stores.servers().usage("admin").servers()).isZero();
    assertThat(api.stores.servers().usage("demo").servers()).isEqualTo(1);
    assertThat(api.stores.sagas().waiting(10)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /v2.1/servers/ID",
    "DELETE, /v2.1/servers/ID",
    "GET, /v2.1/servers/ID/migrations",
    "GET, /v2.1/servers/ID/migrations/1",
    "DELETE, /v2.1/servers/ID/migrations/1",
    "GET, /v2.1/servers/ID/os-instance-actions",
    "GET, /v2.1/servers/ID/os-instance-actions/req-1",
    "GET, /v2.1/servers/ID/tags"
  })
  void of_an_unknown_server_answers_404(String method, String path) {
    String real = path.replace("ID", UNKNOWN);
    TestApi.Call call = api.to(real).version("2.65");
    assertThat((method.equals("GET") ? call.get() : call.delete()).fault())
        .isEqualTo("404 itemNotFound: Instance " + UNKNOWN + " could not be found.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"os-start", "os-stop"})
  void of_an_unknown_server_answers_404_to_actions(String action) {
    assertThat(
            api.to("/v2.1/servers/" + UNKNOWN + "/action")
                .post("{\"%s\": null}".formatted(action))
                .status())
        .isEqualTo(404);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "..%2f..%2fetc",
        "%2e%2e",
        "a%2fb",
        "a%2Fb",
        "..",
        "../../etc/passwd",
        "1;x=1",
        "%00",
        "1-1-1-1-1",
        "22222222-2222-4222-8222-22222222222",
        "%F0%9F%90%A6"
      })
  void of_an_id_that_is_none_is_refused_in_novas_shape(String id) throws IOException {
    String answer =
        raw(
            "GET /v2.1/servers/"
                + id
                + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assertThat(answer).startsWith("HTTP/1.1 4");
    assertThat(answer).containsAnyOf("itemNotFound", "badRequest");
    assertThat(answer).doesNotContain("<html").doesNotContain("Tomcat");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n",
        "GET /image/v2/images/..%2f..%2fetc%2fpasswd/file HTTP/1.1\r\nHost: localhost\r\n",
        "GET /v2.1/servers?limit=%zz HTTP/1.1\r\nHost: localhost\r\n",
        "GET //evil.example/v2.1/servers HTTP/1.1\r\nHost: localhost\r\n",
        "GET /v2.1/%c0%ae%c0%ae/servers HTTP/1.1\r\nHost: localhost\r\n"
      })
  void in_the_path_is_refused_and_shows_nothing_of_the_inside(String request) throws IOException {
    String answer = raw(request + "Connection: close\r\n\r\n");
    assertThat(answer).containsPattern("^HTTP/1.1 (400|404|300)");
    assertThat(answer)
        .doesNotContain("root:")
        .doesNotContain("<html")
        .doesNotContain("at dev.")
        .doesNotContain("evil");
  }

  @Test
  void in_headers_that_are_too_large_is_refused() throws IOException {
    String answer =
        raw(
            "GET /v2.1/servers HTTP/1.1\r\nHost: localhost\r\nX-Long: "
                + "x".repeat(40_000)
                + "\r\nConnection: close\r\n\r\n");
    assertThat(answer).startsWith("HTTP/1.1 4").doesNotContain("<html");
  }

  @ParameterizedTest
  @CsvSource({
    "evil.example, '', 400",
    "evil.example:8774, '', 400",
    "127.0.0.1.evil.example, '', 400",
    "localhost.evil.example, '', 400",
    "localhost@evil.example, '', 400",
    "[::ffff:10.0.0.1], '', 400",
    "'', '', 400",
    "'a b', '', 400",
    "localhost, http://evil.example, 403",
    "localhost, http://localhost.evil.example, 403",
    "localhost, null, 403",
    "localhost, http://[, 403",
    "localhost, http://localhost:3000, 200",
    "LOCALHOST:1, '', 200",
    "127.9.9.9, '', 200",
    "[::1]:8774, '', 200"
  })
  void from_a_page_of_another_name_is_refused_for_the_api_trusts_this_machine(
      String host, String origin, int status) throws IOException {
    String answer =
        raw(
            "GET /v2.1/servers HTTP/1.1\r\nHost: "
                + host
                + (origin.isEmpty() ? "" : "\r\nOrigin: " + origin)
                + "\r\nConnection: close\r\n\r\n");
    assertThat(answer).startsWith("HTTP/1.1 " + status);
    assertThat(answer).contains(status == 200 ? "\"servers\":[" : "\"message\":");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET http://evil.example/v2.1/servers HTTP/1.1\r\nHost: localhost\r\n",
        "GET /v2.1/servers/..;/servers HTTP/1.1\r\nHost: localhost\r\n",
        "GET /v2.1/./servers/%2e%2e/%2e%2e/v1/migrations/%2e%2e/%2e%2e/x HTTP/1.1\r\nHost: localhost\r\n",
        "GET /v2.1\\..\\servers HTTP/1.1\r\nHost: localhost\r\n",
        "GET /v2.1/servers HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n",
        "GET /v2.1/servers HTTP/1.1\r\nX: y\r\n",
        "POST /v2.1/servers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n",
        "POST /v2.1/servers HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n"
      })
  void in_the_form_of_a_request_is_refused(String request) throws IOException {
    String answer = raw(request + "Connection: close\r\n\r\n");
    assertThat(answer).startsWith("HTTP/1.1 4").doesNotContain("<html").doesNotContain("evil");
  }

  private String raw(String request) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), api.port())) {
      socket.setSoTimeout(10_000);
      OutputStream out = socket.getOutputStream();
      out.write(request.getBytes(StandardCharsets.ISO_8859_1));
      out.flush();
      InputStream in = socket.getInputStream();
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  @Tag("S152")
  void of_an_unknown_host_is_refused() {
    assertThat(create(",\"availability_zone\": \"nova:nowhere\"").fault())
        .isEqualTo("400 badRequest: Compute host nowhere could not be found.");
    assertThat(create("2.74", ",\"networks\": \"none\", \"host\": \"nowhere\"").fault())
        .isEqualTo("400 badRequest: Compute host nowhere could not be found.");
    assertThat(create(",\"availability_zone\": \"elsewhere\"").fault())
        .isEqualTo("400 badRequest: The requested availability zone is not available");
    nothingWasMade();
  }

  @Test
  void of_an_unknown_flavor_is_refused() {
    assertThat(
            api.to("/v2.1/servers")
                .post(
                    "{\"server\": {\"name\": \"n\", \"flavorRef\": \"gone\", \"imageRef\": \"%s\"}}"
                        .formatted(Samples.IMAGE))
                .fault())
        .isEqualTo("400 badRequest: Flavor gone could not be found.");
    assertThat(api.to("/v2.1/flavors/gone").get().fault())
        .isEqualTo("404 itemNotFound: Flavor gone could not be found.");
    nothingWasMade();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"99999999-9999-4999-8999-999999999999\" | Can not find requested image",
        "\"\"       | Invalid imageRef provided.",
        "null       | Invalid imageRef provided.",
        "\"..\"     | Invalid input for field/attribute imageRef. Value: \"..\". It is not a UUID.",
        "7          | Invalid input for field/attribute imageRef. Value: 7. 7 is not of type 'string'"
      })
  void of_an_unknown_image_is_refused(String ref, String message) {
    assertThat(
            api.to("/v2.1/servers")
                .post(
                    "{\"server\": {\"name\": \"n\", \"flavorRef\": \"2\", \"imageRef\": %s}}"
                        .formatted(ref))
                .fault())
        .isEqualTo("400 badRequest: " + message);
    nothingWasMade();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{",
        "",
        "[]",
        "null",
        "7",
        "{\"server\": {}} trailing",
        "{\"server\": {}, \"server\": {}}",
        "{'server': {}}",
        "{\"server\": NaN}"
      })
  void that_is_no_json_object_is_malformed(String body) {
    assertThat(api.to("/v2.1/servers").post(body).fault())
        .isEqualTo("400 badRequest: Malformed request body");
    nothingWasMade();
  }

  /** PostgreSQL keeps no NUL in a text and no half of a character. */
  @ParameterizedTest
  @ValueSource(strings = {"\\u0000", "a\\u0000b", "\\ud800", "\\udc00\\ud800"})
  void that_no_database_could_keep_is_malformed(String text) {
    for (String fields :
        new String[] {
          ",\"metadata\": {\"k\": \"%s\"}".formatted(text),
          ",\"metadata\": {\"%s\": \"v\"}".formatted(text),
          ",\"availability_zone\": \"%s\"".formatted(text)
        }) {
      assertThat(create(fields).fault()).isEqualTo("400 badRequest: Malformed request body");
    }
    nothingWasMade();
    assertThat(api.to("/v2.1/servers?name=a%00b").get().status()).isEqualTo(400);
    assertThat(api.to("/v2.1/servers?a%00b=c").get().status()).isEqualTo(400);
    assertThat(api.to("/v2.1/flavors/a%00b").get().status()).isEqualTo(400);
  }

  @Test
  void that_is_nested_without_end_is_malformed() {
    assertThat(api.to("/v2.1/servers").post("{\"server\":" + "[".repeat(2000)).fault())
        .isEqualTo("400 badRequest: Malformed request body");
  }

  @Test
  void that_is_too_large_is_refused() {
    assertThat(api.to("/v2.1/servers").post("{\"server\":\"" + "x".repeat(20_000)).fault())
        .isEqualTo("413 overLimit: Request is too large.");
  }

  @Test
  void of_another_type_is_refused() {
    assertThat(
            api.to("/v2.1/servers")
                .header("Content-Type", "text/xml")
                .upload(new byte[] {1})
                .status())
        .isEqualTo(405);
    var answer = api.to("/v2.1/servers/" + SERVER + "/action").header("Content-Type", "text/xml");
    assertThat(answer.method("POST", "{}").status()).isIn(400, 415);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        ",\"name\": 7                         | field/attribute name",
        ",\"name\": \"\"                      | is too short",
        ",\"name\": \" x\"                    | Can not start or end with whitespace",
        ",\"metadata\": []                    | is not of type 'object'",
        ",\"metadata\": {\"a/b\": \"x\"}      | field/attribute a/b",
        ",\"metadata\": {\"a\": 7}            | field/attribute a.",
        ",\"flavorRef\": {}                   | field/attribute flavorRef",
        ",\"networks\": \"auto\"              | field/attribute networks",
        ",\"networks\": [{\"uuid\": \"x\"}]   | Networks can not be named",
        ",\"min_count\": 0                    | field/attribute min_count",
        ",\"min_count\": \"two\"              | field/attribute min_count",
        ",\"min_count\": 3, \"max_count\": 2  | min_count must be <= max_count",
        ",\"config_drive\": \"maybe\"         | field/attribute config_drive",
        ",\"user_data\": \"no base64!\"        | base64",
        ",\"key_name\": \"k\"                 | Invalid key_name provided.",
        ",\"user_data\": 7                  | field/attribute user_data",
        ",\"adminPass\": 7                  | field/attribute adminPass",
        ",\"block_device_mapping\": [{}]      | not offered",
        ",\"block_device_mapping_v2\": [{}]   | field/attribute block_device_mapping_v2[0].source_type",
        ",\"availability_zone\": 7            | field/attribute availability_zone",
        ",\"availability_zone\": \"nova:a:b:c\" | availability zone is not available",
        ",\"OS-DCF:diskConfig\": \"SOME\"     | OS-DCF:diskConfig"
      })
  void of_the_wrong_type_or_value_is_refused_naming_the_field(String field, String message) {
    String body =
        "{\"server\": {%s}}"
            .formatted(
                (field.contains("\"name\"") ? "" : "\"name\": \"n\",")
                    + (field.contains("flavorRef") ? "" : "\"flavorRef\": \"2\",")
                    + "\"imageRef\": \"%s\"%s".formatted(Samples.IMAGE, field));
    assertThat(api.to("/v2.1/servers").post(body).fault())
        .startsWith("400 badRequest: ")
        .contains(message);
    nothingWasMade();
  }

  @ParameterizedTest
  @CsvSource({
    "2.1, colour",
    "2.18, description",
    "2.51, tags",
    "2.62, trusted_image_certificates",
    "2.73, host",
    "2.89, hostname",
    "2.57, personality"
  })
  void that_the_version_does_not_know_is_refused(String version, String field) {
    String networks =
        version.equals("2.1") || version.equals("2.18") ? "" : ",\"networks\": \"none\"";
    assertThat(create(version, networks + ",\"%s\": null".formatted(field)).fault())
        .startsWith("400 badRequest: ")
        .endsWith("Additional properties are not allowed ('%s' was unexpected)".formatted(field));
    nothingWasMade();
  }

  @Test
  void without_networks_is_refused_from_2_37_on() {
    assertThat(create("2.36", "").status()).isEqualTo(202);
    assertThat(create("2.37", "").fault()).contains("'networks' is a required property");
  }

  @Test
  void of_an_action_that_is_none_is_refused() {
    String path = "/v2.1/servers/" + SERVER + "/action";
    assertThat(api.to(path).post("{\"fly\": null}").fault())
        .isEqualTo("400 badRequest: There is no such action: fly");
    assertThat(api.to(path).post("{}").status()).isEqualTo(400);
    assertThat(api.to(path).post("{\"os-start\": null, \"os-stop\": null}").status())
        .isEqualTo(400);
  }

  @Test
  @Tag("S113")
  void in_the_wrong_state_is_refused_in_novas_words() {
    String path = "/v2.1/servers/" + SERVER + "/action";
    assertThat(api.to(path).post("{\"os-start\": null}").fault())
        .isEqualTo(
            "409 conflictingRequest: Cannot 'start' instance %s while it is in vm_state active"
                .formatted(SERVER));
    var _ =
        api.stores
            .migrations()
            .requestLiveMigration(
                dev.tern.store.Samples.migration(SERVER), api.conductors.request("u", "demo"));
    assertThat(api.to(path).post("{\"os-stop\": null}").fault())
        .isEqualTo(
            "409 conflictingRequest: Cannot 'stop' instance %s while it is in task_state migrating"
                .formatted(SERVER));
  }

  @Test
  void of_an_image_that_is_not_active_is_refused() {
    String id =
        api.to("/image/v2/images")
            .post("{\"name\": \"i\", \"disk_format\": \"raw\", \"container_format\": \"bare\"}")
            .json()
            .get("id")
            .stringValue();
    assertThat(
            api.to("/v2.1/servers")
                .post(
                    "{\"server\": {\"name\": \"n\", \"flavorRef\": \"2\", \"imageRef\": \"%s\"}}"
                        .formatted(id))
                .fault())
        .isEqualTo("400 badRequest: Image %s is not active.".formatted(id));
    nothingWasMade();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "kernel_id  | 99999999-9999-4999-8999-999999999999 | names an image that does not exist",
        "kernel_id  | ../etc/passwd                        | names an image that does not exist",
        "kernel_id  | 11111111-1111-4111-8111-111111111111 | instead of aki",
        "ramdisk_id | 33333333-3333-4333-8333-333333333333 | needs property kernel_id",
        "os_command_line | init=/bin/sh                    | needs property kernel_id"
      })
  void in_the_properties_of_an_image_is_refused(String name, String value, String message) {
    api.conductors.image(KERNEL, name.equals("ramdisk_id") ? "ari" : "aki", Map.of());
    api.conductors.image(BOOT, "qcow2", Map.of(name, value));
    assertThat(
            api.to("/v2.1/servers")
                .post(
                    "{\"server\": {\"name\": \"n\", \"flavorRef\": \"2\", \"imageRef\": \"%s\"}}"
                        .formatted(BOOT))
                .fault())
        .startsWith("400 badRequest: Image %s is unacceptable".formatted(BOOT))
        .contains(message);
    nothingWasMade();
  }

  @ParameterizedTest
  @CsvSource({
    "/v2.1/servers, limit=-1",
    "/v2.1/servers, limit=many",
    "/v2.1/servers, marker=99999999-9999-4999-8999-999999999999",
    "/v2.1/servers, marker=..",
    "/v2.1/servers, sort_key=colour",
    "/v2.1/servers, sort_key=name&sort_dir=up",
    "/v2.1/servers, changes-since=yesterday",
    "/v2.1/servers, name=(",
    "/v2.1/servers, all_tenants=perhaps",
    "/v2.1/servers, status=WEIRD",
    "/v2.1/servers, colour=red",
    "/v2.1/flavors, minRam=lots",
    "/v2.1/flavors, marker=gone",
    "/v2.1/os-hypervisors, limit=x",
    "/v2.1/os-hypervisors/nope, x=1",
    "/v2.1/os-services, colour=red",
    "/v2.1/os-migrations, host=a/b"
  })
  void in_a_query_is_refused(String path, String query) {
    assertThat(api.to(path + "?" + query).version("2.80").get().fault())
        .startsWith("400 badRequest: ");
  }

  @Test
  void of_a_method_that_is_not_there_answers_405() {
    assertThat(api.to("/v2.1/servers").put("{}").fault())
        .isEqualTo("405 badMethod: The method PUT is not allowed for this resource.");
  }

  @Test
  void of_a_path_that_is_not_there_answers_404() {
    assertThat(api.to("/v2.1/nothing").get().fault())
        .isEqualTo("404 itemNotFound: The resource could not be found.");
    assertThat(api.to("/v2.1/servers/" + SERVER + "/nothing").get().status()).isEqualTo(404);
  }

  @Test
  void of_another_project_is_refused() {
    assertThat(api.to("/v2.1/beef/servers").as("someone:demo").get().fault())
        .isEqualTo(
            "400 badRequest: Malformed request URL: URL's project_id 'beef' doesn't match Context's project_id 'demo'");
    assertThat(api.to("/v2.1/servers/" + SERVER).as("someone:other").get().status()).isEqualTo(404);
    assertThat(api.to("/v2.1/servers/" + SERVER).as("someone:other").delete().status())
        .isEqualTo(404);
    assertThat(api.stores.servers().find(SERVER).orElseThrow().task()).isEmpty();
  }

  @Test
  void that_claims_an_identity_is_not_believed() {
    var answer =
        api.to("/v2.1/os-services")
            .as("someone:demo")
            .header("X-Roles", "admin")
            .header("X-User-Id", "admin")
            .header("X-Identity-Status", "Confirmed")
            .get();
    assertThat(answer.status()).isEqualTo(403);
    assertThat(api.to("/v2.1/servers").as("no way\u00e4").get().status()).isEqualTo(401);
  }

  @Test
  @Tag("S150")
  void of_a_tenant_who_names_a_host_is_forbidden() {
    var answer =
        api.to("/v2.1/servers")
            .as("someone:demo")
            .post(
                "{\"server\": {\"name\": \"n\", \"flavorRef\": \"2\", \"imageRef\": \"%s\", \"availability_zone\": \"nova:host1\"}}"
                    .formatted(Samples.IMAGE));
    assertThat(answer.fault()).startsWith("403 forbidden: Policy doesn't allow");
    nothingWasMade();
  }

  @Test
  void always_gets_a_request_id() {
    for (String path : new String[] {"/v2.1/nothing", "/v2.1/servers", "/", "/image/v2/images/x"}) {
      var answer = api.to(path).get();
      assertThat(answer.header("X-Compute-Request-Id"))
          .startsWith("req-")
          .isEqualTo(answer.header("X-OpenStack-Request-Id"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"rebuild", "forceDelete", "shelve"})
  void asks_first_which_server_an_action_of_novas_is_for(String action) {
    String body = "{\"%s\": null}".formatted(action);
    assertThat(
            api.to("/v2.1/servers/99999999-9999-4999-8999-999999999999/action").post(body).status())
        .isEqualTo(404);
    assertThat(api.to("/v2.1/servers/" + SERVER + "/action").post(body).fault())
        .isEqualTo("400 badRequest: The action %s is not offered by this cloud.".formatted(action));
  }

  @Test
  void a_filter_by_an_image_that_cannot_be_fits_nothing() {
    assertThat(api.to("/v2.1/servers?image=none_such").get().text()).isEqualTo("{\"servers\":[]}");
  }
}
