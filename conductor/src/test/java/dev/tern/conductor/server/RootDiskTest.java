package dev.tern.conductor.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.ImageId;
import dev.tern.contract.PowerState;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentRequest.ServerSpec;
import dev.tern.contract.agent.MoreDisks;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.ImageStore.ImageStatus;
import dev.tern.store.InMemoryStores;
import dev.tern.store.Samples;
import dev.tern.store.ServerLabels;
import dev.tern.store.ServerStore;
import dev.tern.store.ServerStore.ServerRecord;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

@DisplayName("The disks of a new server")
class RootDiskTest {
  private static final ImageId IMAGE = new ImageId(new UUID(0, 8));
  private static final HostName HOST = new HostName("host1");
  private static final long GIB = 1L << 30;

  private static ServerRecord server(Map<String, String> extraSpecs, Integer... ephemeralGib) {
    return server(extraSpecs, ServerStore.ConfigWish.NONE, ephemeralGib);
  }

  private static ServerRecord server(
      Map<String, String> extraSpecs, ServerStore.ConfigWish config, Integer... ephemeralGib) {
    return new ServerRecord(
        new ServerId(new UUID(0, 1)),
        "vm",
        "vm",
        "user",
        "project",
        new FlavorRecord("1", "f", 1, 64, 2, 9, 0, true, extraSpecs, Optional.empty()),
        IMAGE,
        Map.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        false,
        VmState.BUILDING,
        Optional.empty(),
        PowerState.NOSTATE,
        1,
        Optional.empty(),
        Optional.empty(),
        0,
        Optional.empty(),
        Instant.EPOCH,
        Instant.EPOCH,
        Optional.empty(),
        Optional.empty(),
        config,
        List.of(ephemeralGib),
        ServerLabels.NONE,
        Optional.empty(),
        List.of(),
        List.of());
  }

  private static RootDisk rootDisk(Map<String, String> properties) {
    return rootDisk(new InMemoryStores(), properties);
  }

  private static RootDisk rootDisk(InMemoryStores stores, Map<String, String> properties) {
    var _ = stores.images().create(image(properties));
    stores.images().beginUpload(IMAGE);
    var _ = stores.images().finishUpload(IMAGE, 1 << 20, GIB, "a".repeat(64), "b".repeat(32));
    return new RootDisk(stores.images(), stores.aggregates());
  }

  private static ImageRecord image(Map<String, String> properties) {
    return new ImageRecord(
        IMAGE,
        "image",
        "owner",
        "qcow2",
        "bare",
        "public",
        ImageStatus.QUEUED,
        0,
        0,
        false,
        properties,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Instant.EPOCH,
        Instant.EPOCH);
  }

  private static ServerSpec spec(Map<String, String> extraSpecs, Map<String, String> properties) {
    return rootDisk(properties).spec(server(extraSpecs), HOST);
  }

  @Test
  void are_one_plain_qcow2_unless_somebody_wishes_otherwise() {
    ServerSpec spec = spec(Map.of(), Map.of());
    assertThat(spec.diskFormat()).isEqualTo("qcow2");
    assertThat(spec.more()).isEqualTo(MoreDisks.NONE);
  }

  @Test
  void are_what_the_image_says_unless_the_flavor_says_otherwise() {
    assertThat(spec(Map.of(), Map.of("hw_disk_format", "RAW")).diskFormat()).isEqualTo("raw");
    assertThat(
            spec(Map.of("tern:disk_format", "qcow2"), Map.of("hw_disk_format", "raw")).diskFormat())
        .isEqualTo("qcow2");
  }

  @Test
  @Tag("S143")
  void are_encrypted_when_image_or_flavor_says_so() {
    assertThat(spec(Map.of(), Map.of("hw_disk_encryption", "luks")).more().encrypted()).isTrue();
    assertThat(
            spec(Map.of("tern:disk_encryption", "none"), Map.of("hw_disk_encryption", "luks"))
                .more()
                .encrypted())
        .isFalse();
  }

  @Test
  void have_its_ephemeral_ones_in_their_order_and_all_are_claimed() {
    RootDisk disks = rootDisk(Map.of());
    ServerRecord one = server(Map.of(), 3);
    assertThat(disks.spec(one, HOST).more())
        .isEqualTo(new MoreDisks(false, 3 * GIB, Optional.empty(), Optional.empty()));
    assertThat(disks.spec(one, HOST).rootDiskBytes()).isEqualTo(2 * GIB);
    assertThat(disks.allBytes(one)).isEqualTo(5 * GIB);
    ServerRecord several = server(Map.of(), 3, 1, 2);
    assertThat(disks.spec(several, HOST).more().ephemeral()).containsExactly(3 * GIB, GIB, 2 * GIB);
    assertThat(disks.allBytes(several)).isEqualTo(8 * GIB);
  }

  @Test
  void are_more_than_an_agent_of_the_former_release_knows_and_it_refuses_them() {
    // It reads this one figure, and builds no disk of a negative size.
    assertThat(rootDisk(Map.of()).spec(server(Map.of(), 3, 1), HOST).more().ephemeralBytes())
        .isNegative();
  }

  @Test
  void are_refused_when_nobody_can_make_them() {
    assertRefused(Map.of("tern:disk_format", "vmdk"), "vmdk");
    assertRefused(Map.of("tern:disk_encryption", "rot13"), "rot13");
  }

  private static void assertRefused(Map<String, String> extraSpecs, String word) {
    assertThatThrownBy(() -> spec(extraSpecs, Map.of()))
        .isInstanceOfSatisfying(
            ComputeException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.IMAGE_UNACCEPTABLE))
        .hasMessageContaining(word);
  }

  @Test
  void tell_the_guest_on_a_config_drive_which_zone_their_host_is_in() {
    InMemoryStores stores = new InMemoryStores();
    RootDisk disks = rootDisk(stores, Map.of());
    stores.hosts().report(Samples.report(HOST, 1, 1));
    ServerRecord server = server(Map.of(), new ServerStore.ConfigWish(true, Optional.empty()));
    assertThat(zoneTold(disks.spec(server, HOST))).isEqualTo("nova");
    int west = stores.aggregates().create(new UUID(0, 9), "w", Optional.of("west")).number();
    var _ = stores.aggregates().addHost(west, HOST);
    assertThat(zoneTold(disks.spec(server, HOST))).isEqualTo("west");
    assertThat(zoneTold(disks.spec(server, new HostName("host2")))).isEqualTo("nova");
  }

  private static String zoneTold(ServerSpec spec) {
    String file = spec.more().config().orElseThrow().files().get("openstack/latest/meta_data.json");
    return new JsonMapper()
        .readTree(Base64.getDecoder().decode(file))
        .get("availability_zone")
        .stringValue();
  }
}
