package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.store.ColdMigrationStore.ColdMigrationRecord;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.TurnStore.AtOnce;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

@DisplayName("What is told of cold migrations")
class ColdMigrationsTest {
  private static final ServerId FIRST = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final ServerId SECOND = ServerId.parse("33333333-3333-4333-8333-333333333333");
  private static final String ALL = "/v1/cold-migrations";

  private TestApi api;

  @BeforeEach
  void start(@TempDir Path images) {
    api = new TestApi(images);
    List.of(FIRST, SECOND)
        .forEach(server -> {
          api.conductors.boots(server, "demo", "host1");
          String path = "/v2.1/servers/" + server + "/action";
          assertThat(api.to(path).post("{\"migrate\": null}").status()).isEqualTo(202);
        });
  }

  @AfterEach
  void stop() {
    api.close();
  }

  private ColdMigrationRecord open(ServerId server) {
    return api.stores.coldMigrations().open(server).orElseThrow();
  }

  private JsonNode shown(ServerId server) {
    TestApi.Answer answer = api.to(ALL + "/" + open(server).id()).get();
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return answer.json().get("cold_migration");
  }

  @Test
  @Tag("S84")
  void names_the_reason_of_one_that_waits_for_its_turn() {
    api.conductors.queuesCold(FIRST, "host2", new AtOnce(1, 0, 0));
    api.conductors.queuesCold(SECOND, "host2", new AtOnce(1, 0, 0));
    assertThat(shown(FIRST).get("waiting").isNull()).isTrue();
    JsonNode waits = shown(SECOND).get("waiting");
    assertThat(waits.get("reason").stringValue())
        .isEqualTo("As many migrations leave host1 as may at once (1).");
    assertThat(waits.get("ahead").intValue()).isZero();
    JsonNode listed = api.to(ALL).get().json().get("cold_migrations");
    assertThat(listed).extracting(one -> one.get("waiting")).first().isEqualTo(waits);
    assertThat(listed.get(1).get("waiting").isNull()).isTrue();
  }

  @Test
  void has_the_times_and_figures_of_one_that_waits_for_a_word() {
    api.conductors.migratesCold(FIRST, "host2");
    JsonNode shown = shown(FIRST);
    assertThat(shown.get("status").stringValue()).isEqualTo("finished");
    assertThat(shown.get("kind").stringValue()).isEqualTo("migration");
    assertThat(shown.get("source").stringValue()).isEqualTo("host1");
    assertThat(shown.get("destination").stringValue()).isEqualTo("host2");
    assertThat(shown.get("bytes").longValue()).isEqualTo(4096);
    assertThat(shown.get("tries").intValue()).isEqualTo(2);
    assertThat(shown.get("down_millis").isIntegralNumber()).isTrue();
    assertThat(shown.get("left_at").isString()).isTrue();
    assertThat(shown.get("owner_changed_at").isString()).isTrue();
    assertThat(shown.get("ended_at").isNull()).isTrue();
    assertThat(shown.get("failure").isNull()).isTrue();
    assertThat(shown.get("log").isArray()).isTrue();
    assertThat(api.to(shown.get("receipt").stringValue()).get().status()).isEqualTo(200);
    assertThat(api.to(shown.get("decisions").stringValue()).get().status()).isEqualTo(200);
  }

  @Test
  void says_why_one_came_to_nothing() {
    ColdMigrationRecord one = open(FIRST);
    Lease lease = api.conductors.lease(FIRST);
    Failure failure = new Failure(ErrorCode.HOST_DISK_FULL, "host2 has no room.");
    api.stores.coldMigrations().failed(lease, one.id(), failure, false, List.of());
    JsonNode shown = api.to(ALL + "/" + one.id()).get().json().get("cold_migration");
    assertThat(shown.get("status").stringValue()).isEqualTo("error");
    assertThat(shown.at("/failure/message").stringValue()).isEqualTo("host2 has no room.");
    assertThat(shown.get("ended_at").isString()).isTrue();
  }

  @Test
  void are_listed_page_by_page_and_by_server_and_host() {
    api.conductors.migratesCold(FIRST, "host2");
    JsonNode first = api.to(ALL + "?limit=1").get().json();
    assertThat(first.get("cold_migrations"))
        .singleElement()
        .satisfies(one -> assertThat(one.get("server").stringValue()).isEqualTo(SECOND.toString()));
    assertThat(first.get("cold_migrations_links")).hasSize(1);
    String marker = first.get("cold_migrations").get(0).get("uuid").stringValue();
    assertThat(servers("?limit=1&marker=" + marker)).containsExactly(FIRST.toString());
    assertThat(servers("?server=" + SECOND)).containsExactly(SECOND.toString());
    assertThat(servers("?host=host2")).containsExactly(FIRST.toString());
    assertThat(servers("?host=host1")).containsExactly(SECOND.toString(), FIRST.toString());
    assertThat(servers("?host=" + new HostName("host9"))).isEmpty();
  }

  private List<String> servers(String query) {
    return api.to(ALL + query)
        .get()
        .json()
        .get("cold_migrations")
        .valueStream()
        .map(one -> one.get("server").stringValue())
        .toList();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "?server=x | 400",
        "?host=no host | 400",
        "?marker=x | 400",
        "?marker=44444444-4444-4444-8444-444444444444 | 400",
        "?limit=-1 | 400",
        "?what=x | 400",
        "/x | 404",
        "/44444444-4444-4444-8444-444444444444 | 404"
      })
  void of_what_is_not_there_are_refused(String query, int status) {
    assertThat(api.to(ALL + query.replace(" ", "%20")).get().status()).isEqualTo(status);
  }

  @Test
  void are_for_administrators() {
    assertThat(api.to(ALL).as("u:demo").get().status()).isEqualTo(403);
    String path = ALL + "/" + open(FIRST).id();
    assertThat(api.to(path).as("u:demo").get().status()).isEqualTo(403);
  }
}
