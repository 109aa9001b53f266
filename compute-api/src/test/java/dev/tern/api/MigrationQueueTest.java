package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ServerId;
import dev.tern.store.TurnStore.AtOnce;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@DisplayName("A migration that is asked for in a loop")
class MigrationQueueTest {
  private static final AtOnce ONE = new AtOnce(1, 0, 0);

  @Test
  @Tag("S84")
  void says_for_what_it_waits_and_can_be_aborted(@TempDir Path images) {
    try (TestApi api = new TestApi(images)) {
      ServerId first = ServerId.parse("22222222-2222-4222-8222-222222222221");
      ServerId second = ServerId.parse("22222222-2222-4222-8222-222222222222");
      for (ServerId server : new ServerId[] {first, second}) {
        api.conductors.boots(server, "demo", "host1");
        assertThat(
                api.to("/v2.1/servers/" + server + "/action")
                    .version("2.34")
                    .post("{\"os-migrateLive\": {\"host\": null, \"block_migration\": \"auto\"}}")
                    .status())
            .isEqualTo(202);
        api.conductors.queues(server, "host2", ONE);
      }
      assertThat(shown(api, first).get("waiting").isNull()).isTrue();
      JsonNode waiting = shown(api, second).get("waiting");
      assertThat(waiting.get("reason").stringValue())
          .isEqualTo("As many migrations leave host1 as may at once (1).");
      assertThat(waiting.get("ahead").intValue()).isZero();
      JsonNode listed = api.to("/v1/migrations").get().json().get("migrations");
      assertThat(listed.get(0).get("waiting")).isEqualTo(waiting);
      assertThat(listed.get(1).get("waiting").isNull()).isTrue();
      String abort = "/v1/migrations/%s/abort".formatted(api.conductors.newest(second).id());
      assertThat(api.to(abort).post("").status()).isEqualTo(202);
      assertThat(api.stores.sagas().waiting(10)).contains(api.conductors.newest(second).saga());
    }
  }

  private static JsonNode shown(TestApi api, ServerId server) {
    return api.to("/v1/migrations/" + api.conductors.newest(server).id())
        .get()
        .json()
        .get("migration");
  }
}
