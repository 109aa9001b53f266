package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.standalone.demo.TestImages;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.openstack4j.api.Builders;
import org.openstack4j.api.OSClient.OSClientV3;
import org.openstack4j.api.types.ServiceType;
import org.openstack4j.model.common.Identifier;
import org.openstack4j.model.common.Payloads;
import org.openstack4j.model.compute.Action;
import org.openstack4j.model.compute.RebootType;
import org.openstack4j.model.compute.Server;
import org.openstack4j.model.compute.actions.LiveMigrateOptions;
import org.openstack4j.model.image.v2.ContainerFormat;
import org.openstack4j.model.image.v2.DiskFormat;
import org.openstack4j.model.image.v2.Image;
import org.openstack4j.openstack.OSFactory;

/** A program in Java that was written for OpenStack. */
@DisplayName("openstack4j")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Tag("S12")
class Openstack4jClientsTest {
  private static final int LONG = 120_000;

  @TempDir static Path folder;
  @TempDir static Path work;

  @SuppressWarnings("NullAway.Init")
  private static OrdinaryUser tern;

  @SuppressWarnings("NullAway.Init")
  private static OSClientV3 cloud;

  private static String server = "";
  private static String image = "";

  @BeforeAll
  static void start() throws Exception {
    tern = OrdinaryUser.up(folder, "-Dtern.conductor.server.stop-grace=3s");
    String clouds = Files.readString(folder.resolve("clouds.yaml"));
    cloud =
        OSFactory.builderV3()
            .endpoint(found(clouds, "auth_url"))
            .credentials(
                found(clouds, "username"),
                found(clouds, "password"),
                Identifier.byName(found(clouds, "user_domain_name")))
            .scopeToProject(
                Identifier.byName(found(clouds, "project_name")),
                Identifier.byName(found(clouds, "project_domain_name")))
            .authenticate();
  }

  @AfterAll
  static void stop() throws Exception {
    if (tern != null) {
      tern.close();
    }
  }

  private static String found(String clouds, String key) {
    Matcher line = Pattern.compile("(?m)^ *" + key + ": (.+)$").matcher(clouds);
    assertThat(line.find()).as(key).isTrue();
    return line.group(1).strip();
  }

  @Test
  @Order(1)
  void logs_in_and_finds_the_services() {
    assertThat(cloud.getToken().getCatalog()).isNotEmpty();
    assertThat(cloud.getSupportedServices()).contains(ServiceType.COMPUTE, ServiceType.IMAGE);
  }

  @Test
  @Order(2)
  void makes_an_image_and_a_server() throws Exception {
    Path disk = work.resolve("disk.qcow2");
    TestImages.base(disk, 256L << 20, 1 << 20, 7);
    Image made =
        cloud
            .imagesV2()
            .create(
                Builders.imageV2()
                    .name("disk")
                    .diskFormat(DiskFormat.QCOW2)
                    .containerFormat(ContainerFormat.BARE)
                    .build());
    image = made.getId();
    assertThat(cloud.imagesV2().upload(image, Payloads.create(disk.toFile()), made).isSuccess())
        .isTrue();
    assertThat(cloud.imagesV2().get(image).getStatus()).isEqualTo(Image.ImageStatus.ACTIVE);
    assertThat(cloud.compute().flavors().list()).isNotEmpty();

    Server booted =
        cloud
            .compute()
            .servers()
            .bootAndWaitActive(
                Builders.server()
                    .name("guest")
                    .flavor("t")
                    .image(image)
                    .addMetadataItem("role", "test")
                    .build(),
                LONG);

    server = booted.getId();
    assertThat(booted.getStatus()).isEqualTo(Server.Status.ACTIVE);
    assertThat(cloud.compute().servers().listAll(true))
        .extracting(Server::getName)
        .contains("guest");
    assertThat(cloud.compute().servers().getMetadata(server)).isEqualTo(Map.of("role", "test"));
  }

  @Test
  @Order(3)
  void acts_on_it() {
    assertThat(cloud.compute().servers().action(server, Action.PAUSE).isSuccess()).isTrue();
    assertThat(
            cloud
                .compute()
                .servers()
                .waitForServerStatus(
                    server, Server.Status.PAUSED, LONG, java.util.concurrent.TimeUnit.MILLISECONDS)
                .getStatus())
        .isEqualTo(Server.Status.PAUSED);
    assertThat(cloud.compute().servers().action(server, Action.UNPAUSE).isSuccess()).isTrue();
    active();
    assertThat(cloud.compute().servers().action(server, Action.SUSPEND).isSuccess()).isTrue();
    assertThat(
            cloud
                .compute()
                .servers()
                .waitForServerStatus(
                    server,
                    Server.Status.SUSPENDED,
                    LONG,
                    java.util.concurrent.TimeUnit.MILLISECONDS)
                .getStatus())
        .isEqualTo(Server.Status.SUSPENDED);
    assertThat(cloud.compute().servers().action(server, Action.RESUME).isSuccess()).isTrue();
    active();
    assertThat(cloud.compute().servers().reboot(server, RebootType.HARD).isSuccess()).isTrue();
    active();
    assertThat(cloud.compute().servers().getConsoleOutput(server, 10)).isNotNull();
  }

  private static Server active() {
    return cloud
        .compute()
        .servers()
        .waitForServerStatus(
            server, Server.Status.ACTIVE, LONG, java.util.concurrent.TimeUnit.MILLISECONDS);
  }

  @Test
  @Order(4)
  void moves_it_live() {
    String before = cloud.compute().servers().get(server).getHypervisorHostname();
    String other = before.equals("host-1") ? "host-2" : "host-1";
    assertThat(
            cloud
                .compute()
                .servers()
                .liveMigrate(server, LiveMigrateOptions.create().host(other).blockMigration(true))
                .isSuccess())
        .isTrue();
    assertThat(active().getHypervisorHostname()).isEqualTo(other);
    assertThat(cloud.compute().migrations().list()).isNotEmpty();
  }

  @Test
  @Order(5)
  void reads_what_operators_read() {
    assertThat(cloud.compute().hypervisors().list()).hasSize(2);
    assertThat(cloud.compute().hypervisors().statistics().getRunningVM()).isEqualTo(1);
    assertThat(cloud.compute().services().list()).isNotEmpty();
    assertThat(cloud.compute().zones().list(true)).isNotEmpty();
    assertThat(cloud.compute().hostAggregates().list()).isEmpty();
    assertThat(cloud.compute().quotaSets().limits().getAbsolute()).isNotNull();
    assertThat(cloud.compute().quotaSets().get("admin").getInstances()).isNotZero();
    assertThat(cloud.compute().keypairs().list()).isEmpty();
    assertThat(cloud.compute().serverGroups().list()).isEmpty();
  }

  @Test
  @Order(6)
  void takes_it_away() {
    assertThat(cloud.compute().servers().delete(server).isSuccess()).isTrue();
    for (int i = 0; i < 600 && cloud.compute().servers().get(server) != null; i++) {
      Thread.onSpinWait();
    }
    assertThat(cloud.compute().servers().get(server)).isNull();
    assertThat(cloud.imagesV2().delete(image).isSuccess()).isTrue();
  }
}
