package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

@DisplayName("An image")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ImagesTest {
  @TempDir static Path directory;

  private TestApi api;

  @BeforeAll
  void start() {
    api = new TestApi(directory, "--tern.api.max-image-size=1MB");
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void reset() {
    api.reset();
  }

  private String create(String format) {
    TestApi.Answer answer =
        api.to("/image/v2/images")
            .post(
                "{\"name\": \"i\", \"disk_format\": \"%s\", \"container_format\": \"bare\", \"kernel_id\": \"k\"}"
                    .formatted(format));
    assertThat(answer.status()).as(answer.text()).isEqualTo(201);
    return answer.json().get("id").stringValue();
  }

  private TestApi.Answer upload(String id, byte[] bytes) {
    return api.to("/image/v2/images/" + id + "/file").upload(bytes);
  }

  private static long filesLeft(String id) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.getFileName().toString().startsWith(id)).count();
    }
  }

  /** A small qcow2 v3 with 64 KiB clusters: header, refcount table, refcount block, L1 table. */
  private static byte[] qcow2(Consumer<ByteBuffer> change) {
    int cluster = 1 << 16;
    ByteBuffer file = ByteBuffer.allocate(4 * cluster);
    file.putInt(0, 0x514649fb).putInt(4, 3).putInt(20, 16).putLong(24, 1L << 20);
    file.putInt(36, 1).putLong(40, 3L * cluster).putLong(48, cluster).putInt(56, 1);
    file.putInt(96, 4).putInt(100, 104);
    change.accept(file);
    return file.array();
  }

  @Test
  void is_described_before_it_is_read() {
    JsonNode schema = api.to("/image/v2/schemas/image").get().json();
    assertThat(schema.get("name").stringValue()).isEqualTo("image");
    JsonNode image = api.to("/image/v2/images/" + create("raw")).get().json();
    JsonNode described = schema.get("properties");
    Set<String> others = new TreeSet<>(image.propertyNames());
    others.removeAll(described.propertyNames());
    assertThat(others).as("its properties, which are texts").containsExactly("kernel_id");
    assertThat(schema.path("additionalProperties").path("type").stringValue()).isEqualTo("string");
    for (String name : described.propertyNames()) {
      assertThat(types(described.get(name).get("type"))).as(name).contains(typeOf(image.get(name)));
    }
    JsonNode list = api.to("/image/v2/schemas/images").get().json();
    assertThat(list.path("properties").path("images").path("items")).isEqualTo(schema);
  }

  private static List<String> types(JsonNode type) {
    List<String> types = new ArrayList<>();
    if (type.isString()) {
      types.add(type.stringValue());
    }
    type.forEach(one -> types.add(one.stringValue()));
    return types;
  }

  private static String typeOf(JsonNode value) {
    return switch (value.getNodeType()) {
      case NULL -> "null";
      case NUMBER -> "integer";
      case BOOLEAN -> "boolean";
      case ARRAY -> "array";
      default -> "string";
    };
  }

  @Test
  void is_active_once_its_bytes_are_there_and_checked() throws IOException {
    String id = create("qcow2");
    assertThat(api.to("/image/v2/images/" + id).get().json().get("status").stringValue())
        .isEqualTo("queued");
    assertThat(api.to("/image/v2/images/" + id + "/file").get().status()).isEqualTo(204);
    byte[] bytes = qcow2(file -> {});
    assertThat(upload(id, bytes).status()).isEqualTo(204);
    var image = api.to("/image/v2/images/" + id).get().json();
    assertThat(image.get("status").stringValue()).isEqualTo("active");
    assertThat(image.get("size").longValue()).isEqualTo(bytes.length);
    assertThat(image.get("virtual_size").longValue()).isEqualTo(1L << 20);
    assertThat(image.get("os_hash_algo").stringValue()).isEqualTo("sha256");
    assertThat(image.get("kernel_id").stringValue()).isEqualTo("k");
    assertThat(api.to("/image/v2/images/" + id + "/file").get().response().body()).isEqualTo(bytes);
    assertThat(upload(id, bytes).status()).isEqualTo(409);
    assertThat(api.to("/image/v2/images/" + id).delete().status()).isEqualTo(204);
    assertThat(api.to("/image/v2/images/" + id).get().status()).isEqualTo(404);
    assertThat(filesLeft(id)).isZero();
  }

  static Map<String, byte[]> badQcow2() {
    Map<String, byte[]> bad = new TreeMap<>();
    bad.put("it has a backing file", qcow2(f -> f.putLong(8, 200).putInt(16, 11)));
    bad.put("it keeps its data in an external file", qcow2(f -> f.putLong(72, 4)));
    bad.put("it names an external data file", qcow2(f -> f.putInt(104, 0x44415441).putInt(108, 8)));
    bad.put("it is marked corrupt", qcow2(f -> f.putLong(72, 2)));
    bad.put("it was not closed properly", qcow2(f -> f.putLong(72, 1)));
    bad.put("it has unknown incompatible features: 0x100", qcow2(f -> f.putLong(72, 0x100)));
    bad.put("it is encrypted", qcow2(f -> f.putInt(32, 2)));
    bad.put("qcow2 version 4 is not supported", qcow2(f -> f.putInt(4, 4)));
    bad.put("its cluster size 2^40 is impossible", qcow2(f -> f.putInt(20, 40)));
    bad.put("its virtual size 0 is impossible", qcow2(f -> f.putLong(24, 0)));
    bad.put("its table of 1 entries", qcow2(f -> f.putLong(24, 1L << 62)));
    bad.put("its virtual size 18446744073709551615", qcow2(f -> f.putLong(24, -1)));
    bad.put("its L1 table lies outside", qcow2(f -> f.putLong(40, 1L << 40)));
    bad.put("its refcount table lies outside", qcow2(f -> f.putLong(48, 12)));
    bad.put("its header length 4294967295", qcow2(f -> f.putInt(100, -1)));
    bad.put("its header extensions do not end", qcow2(f -> f.putInt(104, 7).putInt(108, -1)));
    bad.put("the magic number is missing", new byte[1024]);
    bad.put("its header is cut off", Arrays.copyOf(qcow2(f -> {}), 60));
    bad.put("it is empty", new byte[0]);
    return bad;
  }

  static Stream<Map.Entry<String, byte[]>> badQcow2Entries() {
    return badQcow2().entrySet().stream();
  }

  @ParameterizedTest
  @MethodSource("badQcow2Entries")
  void that_is_no_harmless_qcow2_is_refused_with_the_reason(Map.Entry<String, byte[]> bad)
      throws IOException {
    String id = create("qcow2");
    TestApi.Answer answer = upload(id, bad.getValue());
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.json().get("error").get("message").stringValue())
        .startsWith("Image %s is unacceptable: ".formatted(id))
        .contains(bad.getKey());
    assertThat(api.to("/image/v2/images/" + id).get().json().get("status").stringValue())
        .isEqualTo("queued");
    assertThat(filesLeft(id)).isZero();
    assertThat(upload(id, qcow2(file -> {})).status()).isEqualTo(204);
  }

  @ParameterizedTest
  @CsvSource({
    "514649fb00000003, qcow2",
    "4b444d56, vmdk",
    "23204469736b2044657363726970746f7246696c65, vmdk",
    "7668647866696c65, vhdx",
    "636f6e6563746978, vhd",
    "4c554b53babe0001, luks",
    "51454400, qed"
  })
  void that_is_said_to_be_raw_and_is_not_is_refused(String hex, String format) throws IOException {
    String id = create("raw");
    byte[] bytes = Arrays.copyOf(HexFormat.of().parseHex(hex), 4096);
    assertThat(upload(id, bytes).text()).contains("it is said to be raw, and is " + format);
    assertThat(filesLeft(id)).isZero();
  }

  @ParameterizedTest
  @CsvSource({"raw", "aki", "ari"})
  void of_plain_bytes_is_taken_as_it_is(String format) {
    String id = create(format);
    assertThat(upload(id, new byte[] {1, 2, 3}).status()).isEqualTo(204);
    assertThat(api.to("/image/v2/images/" + id).get().json().get("virtual_size").longValue())
        .isEqualTo(3);
  }

  @Test
  void that_is_too_large_is_refused_and_leaves_nothing() throws IOException {
    String id = create("raw");
    ByteArrayOutputStream large = new ByteArrayOutputStream();
    large.write(new byte[(1 << 20) + 1]);
    assertThat(upload(id, large.toByteArray()).status()).isEqualTo(413);
    assertThat(filesLeft(id)).isZero();
    assertThat(upload(id, new byte[1 << 20]).status()).isEqualTo(204);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"disk_format\": \"vmdk\", \"container_format\": \"bare\"} | 400 | disk_format",
        "{\"container_format\": \"bare\"}                            | 400 | disk_format",
        "{\"disk_format\": \"raw\", \"container_format\": \"ova\"}   | 400 | container_format",
        "{\"disk_format\": \"raw\", \"visibility\": \"secret\"}      | 400 | visibility",
        "{\"disk_format\": \"raw\", \"min_disk\": -1}                | 400 | min_disk",
        "{\"disk_format\": \"raw\", \"id\": \"../../x\"}             | 400 | id",
        "{\"disk_format\": \"raw\", \"size\": 7}                     | 403 | size",
        "{\"disk_format\": \"raw\", \"os_distro\": 7}                | 400 | os_distro",
        "{\"disk_format\": \"raw\", \"tags\": [\"one\"]}             | 400 | tags",
        "{\"disk_format\": \"raw\", \"tags\": \"one\"}               | 400 | tags",
        "{\"disk_format\": \"raw\", \"os_hidden\": true}             | 400 | os_hidden",
        "{\"disk_format\": \"raw\", \"owner\": \"another\"}          | 400 | owner"
      })
  void that_is_ill_described_is_refused(String body, int status, String field) {
    TestApi.Answer answer = api.to("/image/v2/images").post(body);
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.json().get("error").get("message").stringValue()).contains(field);
  }

  /** Glance's own client asks for anything, and reads the message of members that are objects. */
  @Test
  void that_is_not_there_is_refused_in_a_form_that_its_asker_reads() {
    String path = "/image/v2/images/99999999-9999-4999-8999-999999999999";
    for (String anything : new String[] {"*/*", "text/html", "application/octet-stream"}) {
      TestApi.Answer nested = api.to(path).header("Accept", anything).get();
      assertThat(nested.status()).as(nested.text()).isEqualTo(404);
      assertThat(nested.header("Content-Type")).startsWith("application/json");
      assertThat(nested.json().propertyNames()).containsExactly("error");
      assertThat(nested.json().get("error").get("code").intValue()).isEqualTo(404);
      assertThat(nested.json().get("error").get("message").stringValue()).isNotEmpty();
    }
    TestApi.Answer flat = api.to(path).header("Accept", "application/json").get();
    assertThat(flat.status()).isEqualTo(404);
    assertThat(flat.json().get("code").stringValue()).isEqualTo("404 Not Found");
    assertThat(flat.json().get("message").stringValue()).isNotEmpty();
  }

  @Test
  void of_another_project_is_hidden_unless_public() {
    String id =
        api.to("/image/v2/images")
            .as("u:demo")
            .post("{\"disk_format\": \"raw\"}")
            .json()
            .get("id")
            .stringValue();
    assertThat(api.to("/image/v2/images/" + id).as("u:other").get().status()).isEqualTo(404);
    assertThat(api.to("/image/v2/images/" + id).as("u:demo").get().status()).isEqualTo(200);
    assertThat(
            api.to("/image/v2/images")
                .as("u:demo")
                .post("{\"disk_format\": \"raw\", \"visibility\": \"public\"}")
                .status())
        .isEqualTo(403);
  }

  @Test
  void is_found_by_name_and_listed_page_by_page() {
    create("raw");
    create("raw");
    assertThat(api.to("/image/v2/images?name=i").get().json().get("images").size()).isEqualTo(2);
    assertThat(api.to("/image/v2/images?name=none").get().json().get("images").isEmpty()).isTrue();
    var page = api.to("/image/v2/images?limit=1").get().json();
    assertThat(page.get("next").stringValue()).contains("marker=");
    assertThat(api.to("/image" + page.get("next").stringValue()).get().json().get("images").size())
        .isEqualTo(1);
  }

  @Test
  void service_says_its_version() {
    for (String path : new String[] {"/image", "/image/", "/image/versions"}) {
      assertThat(
              api.to(path)
                  .get()
                  .json()
                  .get("versions")
                  .get(0)
                  .get("links")
                  .get(0)
                  .get("href")
                  .stringValue())
          .isEqualTo(api.base() + "/image/v2/");
    }
  }

  @Test
  void that_is_protected_is_not_deleted() {
    String id =
        api.to("/image/v2/images")
            .post("{\"disk_format\": \"raw\", \"protected\": true}")
            .json()
            .get("id")
            .stringValue();
    assertThat(api.to("/image/v2/images/" + id).delete().status()).isEqualTo(403);
  }
}
