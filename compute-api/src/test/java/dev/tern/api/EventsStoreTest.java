package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tern.contract.HostName;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.Samples;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.StoreTestDatabase;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("/v1/events")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EventsStoreTest {
  @RegisterExtension static final StoreTestDatabase DATABASE = new StoreTestDatabase();

  private static final HostName HOST = new HostName("host-1");
  private static final int MOST = 6;

  private final Samples conductor = new Samples(() -> DATABASE);
  private StoreApi api;

  @BeforeAll
  void start(@TempDir Path images) {
    api =
        new StoreApi(
            DATABASE,
            "--tern.api.image-directory=" + images,
            "--tern.api.events.every=50ms",
            "--tern.api.events.hosts-every=200ms",
            "--tern.api.events.heartbeat=300ms",
            "--tern.api.events.most=" + MOST,
            "--spring.jpa.properties.hibernate.session_factory.statement_inspector="
                + CountedStatements.class.getName());
    conductor.host(HOST);
  }

  @AfterAll
  void stop() {
    api.close();
  }

  /** What one client hears, until it hangs up. */
  private final class Listening implements AutoCloseable {
    private final HttpClient client = HttpClient.newHttpClient();
    final List<String> lines = new CopyOnWriteArrayList<>();
    final HttpResponse<Stream<String>> answer;

    Listening(String token, Optional<String> lastId) {
      HttpRequest.Builder request = api.to("/v1/events").header("X-Auth-Token", token);
      lastId.ifPresent(id -> request.header("Last-Event-ID", id));
      // Whoever has hung up is noticed at the next beat.
      answer =
          await("a place is free")
              .atMost(Duration.ofSeconds(20))
              .until(
                  () -> client.send(request.build(), HttpResponse.BodyHandlers.ofLines()),
                  found -> found.statusCode() == 200);
      Thread _ =
          Thread.startVirtualThread(() -> {
            try {
              answer.body().forEach(lines::add);
            } catch (UncheckedIOException _) {
              // Hung up.
            }
          });
      hears("event: hello", "event: reset");
    }

    void hears(String... any) {
      await(String.join(" or ", any))
          .atMost(Duration.ofSeconds(20))
          .until(() -> lines.stream().anyMatch(line -> Stream.of(any).anyMatch(line::contains)));
    }

    String lastId() {
      return lines.stream()
          .filter(line -> line.startsWith("id: "))
          .reduce((_, last) -> last)
          .orElseThrow()
          .substring("id: ".length());
    }

    @Override
    public void close() {
      client.shutdownNow();
      client.close();
    }
  }

  private Listening listen(String token) {
    return new Listening(token, Optional.empty());
  }

  private ServerRecord active(String name, String project) {
    ServerRecord made =
        DATABASE.servers().requestCreate(Samples.server(name, project), Samples.request());
    Lease lease = conductor.lease(made.id());
    DATABASE.servers().placed(lease, made.id(), HOST, conductor.claim(made.id(), HOST));
    DATABASE.servers().running(lease, made.id());
    return DATABASE.servers().find(made.id()).orElseThrow();
  }

  @Test
  void tells_an_administrator_all_and_a_tenant_its_own_without_hosts() {
    try (Listening admin = listen("admin:admin");
        Listening tenant = listen("u:sea")) {
      ServerRecord other = active("theirs", "land");
      ServerRecord own = active("ours", "sea");
      var _ = conductor.accepted(own.id());
      admin.hears(other.id().toString());
      admin.hears("event: migration");
      admin.hears("event: host");
      tenant.hears("\"name\":\"ours\"");
      assertThat(admin.lines)
          .anyMatch(line -> line.contains("\"OS-EXT-SRV-ATTR:host\":\"host-1\""));
      assertThat(String.join("\n", tenant.lines))
          .doesNotContain(other.id().toString(), "host-1", "event: migration", "event: host");
    }
  }

  @Test
  void goes_on_where_it_was() {
    String lastId;
    try (Listening first = listen("admin:admin")) {
      ServerRecord before = active("before", "sea");
      first.hears(before.id().toString());
      lastId = first.lastId();
    }
    ServerRecord meanwhile = active("meanwhile", "sea");
    try (Listening again = new Listening("admin:admin", Optional.of(lastId))) {
      again.hears(meanwhile.id().toString());
      assertThat(again.lines).contains("event: hello");
      assertThat(String.join("\n", again.lines)).doesNotContain("\"name\":\"before\"");
    }
  }

  @Test
  void says_so_when_what_was_missed_is_not_known() {
    for (String id : List.of("1", "nonsense", "9223372036854775807")) {
      try (Listening one = new Listening("admin:admin", Optional.of(id))) {
        assertThat(one.lines).contains("event: reset").doesNotContain("event: hello");
      }
    }
  }

  @Test
  void beats_while_nothing_happens() {
    try (Listening one = listen("u:nobody")) {
      await("a beat")
          .atMost(Duration.ofSeconds(20))
          .until(() -> one.lines.stream().anyMatch(line -> line.equals(":")));
    }
  }

  @Test
  void is_for_no_more_clients_than_may_be() {
    List<Listening> all = new ArrayList<>();
    try {
      for (int i = 0; i < MOST; i++) {
        all.add(listen("u:sea"));
      }
      assertThat(api.send(api.to("/v1/events").header("X-Auth-Token", "u:sea")).statusCode())
          .isEqualTo(503);
    } finally {
      all.forEach(Listening::close);
    }
  }

  /** The one reader asks; those who serve clients ask nothing. */
  @Test
  void asks_the_database_nothing_on_behalf_of_a_client() {
    List<Listening> all = new ArrayList<>();
    try {
      int _ = CountedStatements.taken();
      for (int i = 0; i < MOST - 2; i++) {
        all.add(listen("u:sea"));
      }
      ServerRecord server = active("watched", "sea");
      all.forEach(one -> one.hears(server.id().toString()));
      assertThat(CountedStatements.taken()).isZero();
    } finally {
      all.forEach(Listening::close);
    }
  }
}
