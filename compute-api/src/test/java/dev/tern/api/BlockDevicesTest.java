package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.fakes.Samples;
import dev.tern.contract.ServerId;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.ServerStore.ServerRecord;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

@DisplayName("The local disks a server is asked for with")
@Tag("S12")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BlockDevicesTest {
  private static final String BOOT =
      "{\"source_type\": \"image\", \"destination_type\": \"local\", \"boot_index\": 0, \"uuid\": \"%s\", \"delete_on_termination\": true}"
          .formatted(Samples.IMAGE);
  private static final int EPHEMERAL = 6;

  private TestApi api;

  @BeforeAll
  void start(@TempDir Path images) {
    api = new TestApi(images);
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void reset() {
    api.reset();
    flavor("disks", EPHEMERAL);
    flavor("large", 100);
  }

  private void flavor(String id, int ephemeral) {
    FlavorRecord _ =
        api.stores
            .flavors()
            .create(
                new FlavorRecord(
                    id, id, 1, 128, 1, ephemeral, 0, true, Map.of(), Optional.empty()));
  }

  private static String blank(String fields) {
    return "{\"source_type\": \"blank\", \"destination_type\": \"local\"%s}".formatted(fields);
  }

  private static String blank(int gib) {
    return blank(", \"boot_index\": -1, \"delete_on_termination\": true, \"volume_size\": " + gib);
  }

  /** Without {@code imageRef}, unless it is among the fields. */
  private TestApi.Answer create(String flavor, String mapping, String fields) {
    return api.to("/v2.1/servers")
        .post(
            "{\"server\": {\"name\": \"n\", \"flavorRef\": \"%s\", \"block_device_mapping_v2\": %s%s}}"
                .formatted(flavor, mapping, fields));
  }

  private ServerRecord made(TestApi.Answer answer) {
    assertThat(answer.status()).as(answer.text()).isEqualTo(202);
    return api.stores
        .servers()
        .find(ServerId.parse(answer.json().at("/server/id").stringValue()))
        .orElseThrow();
  }

  private void refused(TestApi.Answer answer, String... words) {
    assertThat(answer.fault()).startsWith("400 badRequest: ").contains(words);
    assertThat(api.stores.servers().usage("admin").servers()).isZero();
    assertThat(api.stores.sagas().waiting(10)).isEmpty();
  }

  @Test
  void are_the_entries_in_their_order_and_the_image_may_be_one_of_them() {
    String mapping = "[%s, %s, %s, %s]".formatted(blank(3), BOOT, blank(1), blank(2));
    for (String image : List.of("", ", \"imageRef\": \"%s\"".formatted(Samples.IMAGE))) {
      ServerRecord server = made(create("disks", mapping, image));
      assertThat(server.image()).isEqualTo(Samples.IMAGE);
      assertThat(server.ephemeralGib()).containsExactly(3, 1, 2);
    }
  }

  @Test
  void are_read_as_clients_write_them() {
    String words =
        "[%s, %s]"
            .formatted(
                BOOT.replace("0,", "\"0\",").replace("true", "\"True\""),
                blank(
                    ", \"boot_index\": \"-1\", \"volume_size\": \"2\", \"disk_bus\": \"virtio\", \"device_type\": \"disk\", \"guest_format\": null"));
    assertThat(made(create("disks", words, ", \"imageRef\": \"\"")).ephemeralGib())
        .containsExactly(2);
    assertThat(
            made(create("disks", "[%s, %s]".formatted(BOOT, blank(", \"boot_index\": null")), ""))
                .ephemeralGib())
        .as("without a size it has the flavor's")
        .containsExactly(EPHEMERAL);
  }

  @ParameterizedTest
  @CsvSource({"disks, '[BOOT]'", "disks, '[]'", "disks, 'null'"})
  void are_the_flavors_one_when_no_empty_one_is_asked_for(String flavor, String mapping) {
    ServerRecord server =
        made(
            create(
                flavor,
                mapping.replace("BOOT", BOOT),
                ", \"imageRef\": \"%s\"".formatted(Samples.IMAGE)));
    assertThat(server.ephemeralGib()).containsExactly(EPHEMERAL);
    assertThat(made(create("tiny", "[%s]".formatted(BOOT), "")).ephemeralGib()).isEmpty();
  }

  @Test
  void are_alike_for_each_of_several_servers() {
    assertThat(
            create(
                    "disks",
                    "[%s, %s, %s]".formatted(BOOT, blank(1), blank(2)),
                    ", \"min_count\": 2")
                .status())
        .isEqualTo(202);
    List<List<Integer>> all = new ArrayList<>();
    api.to("/v2.1/servers?all_tenants=1")
        .get()
        .json()
        .get("servers")
        .forEach(server ->
            all.add(
                api.stores
                    .servers()
                    .find(ServerId.parse(server.get("id").stringValue()))
                    .orElseThrow()
                    .ephemeralGib()));
    assertThat(all).containsExactly(List.of(1, 2), List.of(1, 2));
  }

  @Test
  void are_no_larger_together_than_the_flavor_allows() {
    assertThat(
            made(create("disks", "[%s, %s, %s]".formatted(BOOT, blank(5), blank(1)), ""))
                .ephemeralGib())
        .containsExactly(5, 1);
    api.reset();
    flavor("disks", EPHEMERAL);
    String[] words = {
      "Ephemeral disks requested are larger than the instance type allows.", "disks allows 6 GiB"
    };
    refused(create("disks", "[%s, %s, %s]".formatted(BOOT, blank(5), blank(2)), ""), words);
    refused(create("disks", "[%s, %s, %s]".formatted(BOOT, blank(1), blank("")), ""), words);
    refused(
        create("disks", "[%s, %s, %s]".formatted(BOOT, blank(2147483647), blank(2147483647)), ""),
        words);
    refused(
        create("tiny", "[%s, %s]".formatted(BOOT, blank(1)), ""), words[0], "tiny allows 0 GiB");
    refused(
        create("tiny", "[%s, %s]".formatted(BOOT, blank("")), ""),
        "[1].volume_size",
        "Flavor tiny allows no ephemeral disks");
  }

  @Test
  void are_no_more_than_a_machine_holds() {
    String all = BOOT + (", " + blank(1)).repeat(15);
    assertThat(made(create("large", "[%s]".formatted(all), "")).ephemeralGib()).hasSize(15);
    api.reset();
    flavor("large", 100);
    refused(
        create("large", "[%s, %s]".formatted(all, blank(1)), ""),
        "more local devices than the limit allows: 17, of 16");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "7                          | field/attribute block_device_mapping_v2 | 'array'",
        "{}                         | field/attribute block_device_mapping_v2 | 'array'",
        "[7]                        | block_device_mapping_v2[0]              | 'object'",
        "[{}]                       | [0].source_type      | required property",
        "[{\"source_type\": \"file\"}]   | [0].source_type | not one of [image, blank",
        "[{\"source_type\": 7}]     | [0].source_type      | 'string'",
        "[{\"source_type\": \"blank\"}]  | [0].destination_type | required property",
        "[BOOT, {\"source_type\": \"volume\", \"destination_type\": \"volume\", \"uuid\": \"x\"}] | [1].source_type | POST /v1/servers/{id}/volumes",
        "[BOOT, {\"source_type\": \"snapshot\"}]      | [1].source_type      | attach them afterwards",
        "[{\"source_type\": \"image\", \"destination_type\": \"volume\"}] | [0].destination_type | attach them afterwards",
        "[BOOT, {\"source_type\": \"blank\", \"destination_type\": \"volume\"}] | [1].destination_type | attach them afterwards",
        "[{\"source_type\": \"image\", \"destination_type\": \"local\", \"boot_index\": 0}] | [0].uuid | name the image",
        "[{\"source_type\": \"image\", \"destination_type\": \"local\", \"boot_index\": 0, \"uuid\": \"../x\"}] | [0].uuid | UUID of an image",
        "[{\"source_type\": \"image\", \"destination_type\": \"local\", \"boot_index\": 1, \"uuid\": \"x\"}] | [0].boot_index | boot_index is 0",
        "[{\"source_type\": \"image\", \"destination_type\": \"local\", \"boot_index\": 0, \"volume_size\": 9}] | [0].volume_size | the flavor's size",
        "[BLANK]                    | Boot sequence        | 0 entries have boot_index 0",
        "[BOOT, BOOT]               | Boot sequence        | 2 entries have boot_index 0"
      })
  void are_refused_naming_the_entry_and_what_to_do(String mapping, String field, String remedy) {
    refused(
        create("disks", mapping.replace("BLANK", blank(1)).replace("BOOT", BOOT), ""),
        field,
        remedy);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"boot_index\": 1 | [1].boot_index | say -1",
        "\"boot_index\": \"first\" | [1].boot_index | 'integer'",
        "\"volume_size\": 0 | [1].volume_size | between 1 and",
        "\"volume_size\": -1 | [1].volume_size | 'integer'",
        "\"volume_size\": 1.5 | [1].volume_size | 'integer'",
        "\"volume_size\": 9999999999 | [1].volume_size | between 1 and",
        "\"volume_size\": \"99999999999999999999\" | [1].volume_size | 'integer'",
        "\"uuid\": \"x\" | [1].uuid | leave it out",
        "\"guest_format\": \"ext4\" | [1].guest_format. Value: \"ext4\" | let the guest format",
        "\"guest_format\": \"swap\" | [1].guest_format. Value: \"swap\" | let the guest format",
        "\"delete_on_termination\": false | [1].delete_on_termination | say true",
        "\"delete_on_termination\": 7 | delete_on_termination | not one of",
        "\"disk_bus\": \"ide\" | [1].disk_bus | Only 'virtio'",
        "\"device_type\": \"cdrom\" | [1].device_type | Only 'disk'",
        "\"device_name\": \"vdb\" | [1].device_name | leave it out",
        "\"volume_type\": \"fast\" | [1].volume_type | attach them afterwards",
        "\"tag\": \"data\" | [1].tag | leave it out",
        "\"no_device\": true | [1].no_device | leave it out",
        "\"colour\": \"red\" | [1].colour | not allowed"
      })
  void that_are_empty_are_refused_naming_the_field_and_what_to_do(
      String asked, String field, String remedy) {
    refused(create("disks", "[%s, %s]".formatted(BOOT, blank(", " + asked)), ""), field, remedy);
  }

  @Test
  void come_from_one_image_only() {
    refused(
        create(
            "disks",
            "[%s]".formatted(BOOT),
            ", \"imageRef\": \"99999999-9999-4999-8999-999999999999\""),
        "field/attribute imageRef",
        "names another image, " + Samples.IMAGE);
    refused(
        create(
            "disks",
            "[%s]"
                .formatted(BOOT)
                .replace(Samples.IMAGE.toString(), "99999999-9999-4999-8999-999999999999"),
            ""),
        "Can not find requested image");
    refused(create("disks", "[]", ""), "Invalid imageRef provided.");
  }
}
