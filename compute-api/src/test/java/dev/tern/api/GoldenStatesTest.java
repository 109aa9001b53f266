package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.fakes.Samples;
import dev.tern.contract.ServerId;
import dev.tern.store.ColdMigrationStore.NewColdMigration;
import dev.tern.store.LifeRequest;
import dev.tern.store.ServerStore.Requested;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * At each microversion that changes a server's answer; {@code -Dtern.golden.write=true} writes
 * them, and the difference is to be read.
 */
@DisplayName("An answer about a server")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("S12")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GoldenStatesTest {
  private static final Path GOLDEN = GoldenAnswersTest.GOLDEN.resolve("states");
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final String PATH = "/v2.1/servers/" + SERVER;
  private static final List<String> VERSIONS =
      List.of(
          "2.1", "2.3", "2.9", "2.16", "2.19", "2.26", "2.47", "2.63", "2.71", "2.73", "2.90",
          "2.96");

  /** Nova's status, and how a server comes to it. */
  enum State {
    PAUSED {
      @Override
      void reached(TestApi api, Requested by) {
        var _ = api.stores.servers().requestLife(SERVER, LifeRequest.PAUSE, by);
        api.conductors.pauses(SERVER);
      }
    },
    SUSPENDED {
      @Override
      void reached(TestApi api, Requested by) {
        var _ = api.stores.servers().requestLife(SERVER, LifeRequest.SUSPEND, by);
        api.conductors.suspends(SERVER);
      }
    },
    VERIFY_RESIZE {
      @Override
      void reached(TestApi api, Requested by) {
        NewColdMigration resize =
            new NewColdMigration(
                new UUID(0x4000L, 1L),
                SERVER,
                Optional.empty(),
                Optional.of(Samples.OWN),
                Map.of());
        var _ = api.stores.coldMigrations().request(resize, by);
        api.conductors.migratesCold(SERVER, "host2");
      }
    },
    SHUTOFF {
      @Override
      void reached(TestApi api, Requested by) {
        var _ = api.stores.servers().requestStop(SERVER, by);
        api.conductors.stops(SERVER);
      }
    },
    ERROR {
      @Override
      void reached(TestApi api, Requested by) {
        var _ = api.stores.servers().requestStop(SERVER, by);
        api.conductors.fails(SERVER);
      }
    };

    abstract void reached(TestApi api, Requested by);
  }

  private TestApi api;

  @BeforeAll
  void start(@TempDir Path images) {
    api = new TestApi(images);
  }

  @AfterAll
  void stop() {
    api.close();
  }

  private void reach(State state) {
    api.reset();
    api.conductors.boots(SERVER, "demo", "host1");
    api.time.pass(Duration.ofSeconds(5));
    state.reached(api, api.conductors.request("demo", "demo"));
    api.time.pass(Duration.ofSeconds(5));
  }

  @ParameterizedTest
  @EnumSource
  void says_what_state_it_is_in_and_no_more_than_its_version_has(State state) throws IOException {
    reach(state);
    for (String version : VERSIONS) {
      String text = check(PATH, version, "admin:admin", state + "-" + version);
      assertThat(text).contains("\"status\" : \"%s\"".formatted(state));
      assertThat(text.contains("\"fault\"")).as(text).isEqualTo(state == State.ERROR);
    }
  }

  @ParameterizedTest
  @EnumSource
  void says_the_same_in_a_list_but_for_its_groups(State state) throws IOException {
    reach(state);
    String _ =
        check("/v2.1/servers/detail?all_tenants=1", "2.96", "admin:admin", state + "-detail-2.96");
  }

  @Test
  void tells_a_tenant_what_failed_and_not_where() throws IOException {
    reach(State.ERROR);
    for (String version : List.of("2.1", "2.96")) {
      String text = check(PATH, version, "someone:demo", "ERROR-tenant-" + version);
      assertThat(text).contains("\"message\"").doesNotContain("\"details\"", "host1");
    }
  }

  private String check(String path, String version, String token, String name) throws IOException {
    TestApi.Answer answer = api.to(path).version(version).as(token).get();
    assertThat(answer.status()).as(path + " at " + version).isEqualTo(200);
    String text = answer.json().toPrettyString().replace(api.base(), "http://api") + "\n";
    Path file = GOLDEN.resolve("server-" + name + ".json");
    if (Boolean.getBoolean("tern.golden.write")) {
      Files.createDirectories(GOLDEN);
      Files.writeString(file, text);
    }
    assertThat(text).as(file.toString()).isEqualTo(Files.readString(file));
    return text;
  }
}
