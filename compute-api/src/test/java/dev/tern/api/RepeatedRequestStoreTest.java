package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tern.contract.ImageId;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.StoreTestDatabase;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.json.JsonMapper;

/** The application as it ships, in several copies over one database, and without a broker. */
@DisplayName("A request sent again, over a real database")
class RepeatedRequestStoreTest {
  @RegisterExtension static final StoreTestDatabase DATABASE = new StoreTestDatabase();

  private static final String IMAGE =
      "{\"name\": \"disk\", \"disk_format\": \"raw\", \"container_format\": \"bare\"}";
  private static final int AT_ONCE = 24;

  private final HttpClient client = HttpClient.newHttpClient();
  private final List<ConfigurableApplicationContext> copies = new ArrayList<>();

  @TempDir Path images;

  private ConfigurableApplicationContext start() {
    ConfigurableApplicationContext api =
        ApiApplication.application()
            .run(
                "--server.port=0",
                "--tern.api.image-directory=" + images,
                "--tern.api.idempotency.purge-every=1s",
                "--tern.amqp.uri=amqp://nobody:nothing@127.0.0.1:9",
                "--spring.datasource.url=" + DATABASE.url(),
                "--spring.datasource.username=" + DATABASE.user(),
                "--spring.datasource.password=" + DATABASE.password());
    copies.add(api);
    return api;
  }

  @AfterEach
  void stop() {
    copies.forEach(ConfigurableApplicationContext::close);
  }

  private HttpResponse<String> post(ConfigurableApplicationContext api, String path, String key)
      throws Exception {
    return post(api, path, key, IMAGE);
  }

  private HttpResponse<String> post(
      ConfigurableApplicationContext api, String path, String key, String body) throws Exception {
    String port = api.getEnvironment().getProperty("local.server.port");
    return client.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", key)
            .timeout(Duration.ofSeconds(60))
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private static long imagesThere() {
    return DATABASE.images().list(Optional.empty(), 1000).size();
  }

  private ImageId uploaded(ConfigurableApplicationContext api) throws Exception {
    HttpResponse<String> made = post(api, "/image/v2/images", UUID.randomUUID().toString());
    ImageId id = ImageId.parse(new JsonMapper().readTree(made.body()).get("id").stringValue());
    DATABASE.images().beginUpload(id);
    ImageRecord _ = DATABASE.images().finishUpload(id, 9, 9, "a".repeat(64), "b".repeat(32));
    return id;
  }

  private static String server(String image) {
    return "{\"server\": {\"name\": \"guest\", \"flavorRef\": \"t\", \"imageRef\": \"%s\", \"networks\": [], \"min_count\": 3}}"
        .formatted(image);
  }

  @Test
  void at_once_to_two_copies_is_done_by_one_and_answered_by_both_also_after_a_restart()
      throws Exception {
    ConfigurableApplicationContext one = start();
    ConfigurableApplicationContext two = start();
    long before = imagesThere();
    List<Future<HttpResponse<String>>> sent = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE)) {
      for (int i = 0; i < AT_ONCE; i++) {
        ConfigurableApplicationContext api = i % 2 == 0 ? one : two;
        sent.add(threads.submit(() -> post(api, "/image/v2/images", "at-once")));
      }
    }
    List<HttpResponse<String>> made = new ArrayList<>();
    for (Future<HttpResponse<String>> answer : sent) {
      HttpResponse<String> got = answer.get(60, TimeUnit.SECONDS);
      assertThat(got.statusCode()).as(got.body()).isIn(201, 409);
      if (got.statusCode() == 201) {
        made.add(got);
      } else {
        assertThat(got.headers().firstValue("Retry-After")).contains("1");
      }
    }
    assertThat(made).isNotEmpty();
    assertThat(made).extracting(HttpResponse::body).containsOnly(made.getFirst().body());
    assertThat(imagesThere()).isEqualTo(before + 1);

    copies.forEach(ConfigurableApplicationContext::close);
    copies.clear();
    HttpResponse<String> again = post(start(), "/image/v2/images", "at-once");
    assertThat(again.statusCode()).isEqualTo(201);
    assertThat(again.body()).isEqualTo(made.getFirst().body());
    for (String header : List.of("Location", "X-Compute-Request-Id")) {
      assertThat(again.headers().firstValue(header))
          .isPresent()
          .isEqualTo(made.getFirst().headers().firstValue(header));
    }
    assertThat(again.headers().firstValue("Idempotent-Replayed")).contains("true");
    assertThat(imagesThere()).isEqualTo(before + 1);
  }

  @Test
  void that_makes_several_servers_makes_all_or_none_of_them() throws Exception {
    ConfigurableApplicationContext api = start();
    ImageId image = uploaded(api);
    // The third one's saga cannot be written.
    try (var connection = DATABASE.connect();
        var statement = connection.createStatement()) {
      statement.execute(
          "create function third() returns trigger language plpgsql as $$begin"
              + " if (select count(*) from sagas) >= 2 then raise 'no more'; end if; return new; end$$");
      statement.execute(
          "create trigger third before insert on sagas for each row execute function third()");
    }
    String several = server(image.toString());
    assertThat(post(api, "/v2.1/servers", "several", several).statusCode()).isEqualTo(500);
    assertThat(DATABASE.servers().usage("admin").servers()).isZero();
    try (var connection = DATABASE.connect();
        var statement = connection.createStatement()) {
      statement.execute("drop function third cascade");
    }
    HttpResponse<String> made = post(api, "/v2.1/servers", "several", several);
    assertThat(made.statusCode()).as(made.body()).isEqualTo(202);
    assertThat(DATABASE.servers().usage("admin").servers()).isEqualTo(3);
    HttpResponse<String> again = post(api, "/v2.1/servers", "several", several);
    assertThat(again.body()).isEqualTo(made.body());
    assertThat(DATABASE.servers().usage("admin").servers()).isEqualTo(3);
    assertThat(DATABASE.outbox().waiting()).isEqualTo(3);
  }

  @Test
  void is_forgotten_by_and_by() throws Exception {
    ConfigurableApplicationContext api = start();
    assertThat(post(api, "/image/v2/images", "old").statusCode()).isEqualTo(201);
    DATABASE.pass(Duration.ofHours(25));
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(() -> {
          try (var connection = DATABASE.connect();
              var statement = connection.createStatement();
              var count = statement.executeQuery("select count(*) from idempotency_keys")) {
            assertThat(count.next()).isTrue();
            assertThat(count.getLong(1)).isZero();
          }
        });
  }
}
