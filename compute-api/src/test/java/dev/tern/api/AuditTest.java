package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostAnswer.GuestInStock;
import dev.tern.contract.host.HostAnswer.ObjectInStock;
import dev.tern.contract.host.HostAnswer.Receipt;
import dev.tern.contract.host.HostAnswer.ReceiptInStock;
import dev.tern.contract.host.HostAnswer.Stock;
import dev.tern.contract.host.HostQuestion;
import dev.tern.contract.host.HostQuestion.TakeStock;
import dev.tern.contract.host.ReceiptEntry;
import dev.tern.contract.host.ReceiptEntry.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

@DisplayName("An audit")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("S166")
class AuditTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/audit.json");
  private static final ServerId SERVER = ServerId.parse("0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c01");
  private static final ServerId NOBODY = ServerId.parse("11111111-2222-4333-8444-555555555555");
  private static final HostName HERE = new HostName("host1");
  private static final HostName THERE = new HostName("host2");

  private TestApi api;
  private final Map<HostName, Stock> stocks = new ConcurrentHashMap<>();
  private volatile Runnable beforeAnswer = () -> {};

  @BeforeAll
  void start(@TempDir Path images) {
    api = new TestApi(images);
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void a_server_that_runs_where_it_should() {
    api.reset();
    beforeAnswer = () -> {};
    api.answering.set(this::answer);
    api.conductors.boots(SERVER, "admin", HERE.value());
    stocks.put(HERE, guest(SERVER, Runner.RUNNING));
    stocks.put(THERE, empty());
  }

  private Asked<HostAnswer> answer(HostName host, HostQuestion question, Duration deadline) {
    assertThat(question).isInstanceOf(TakeStock.class);
    assertThat(deadline).isEqualTo(Duration.ofSeconds(10));
    beforeAnswer.run();
    Stock stock = stocks.get(host);
    return stock == null
        ? new Asked.NoAnswer<>("nobody listens to " + host)
        : new Asked.Answered<>(stock);
  }

  private static Stock empty() {
    return new Stock(List.of(), List.of(), List.of(), 0);
  }

  private static Stock guest(ServerId server, Runner runner) {
    return new Stock(
        List.of(new GuestInStock(server, runner, Optional.empty(), "")), List.of(), List.of(), 0);
  }

  private static Stock with(ObjectInStock... objects) {
    return new Stock(List.of(), List.of(objects), List.of(), 0);
  }

  private static Stock with(ReceiptInStock receipt) {
    return new Stock(List.of(), List.of(), List.of(receipt), 0);
  }

  private JsonNode audit() {
    TestApi.Answer answer = api.to("/v1/audit").get();
    assertThat(answer.status()).as("%s", answer.text()).isEqualTo(200);
    return answer.json().path("audit");
  }

  private List<JsonNode> differences() {
    List<JsonNode> all = new ArrayList<>();
    audit().path("differences").forEach(all::add);
    return all;
  }

  private List<String> kinds() {
    return differences().stream()
        .map(one -> one.path("host").asString() + " " + one.path("kind").asString())
        .toList();
  }

  private JsonNode only() {
    List<JsonNode> all = differences();
    assertThat(all).hasSize(1);
    JsonNode one = all.getFirst();
    for (String key : List.of("database", "seen", "remedy")) {
      assertThat(one.path(key).asString()).as(key).isNotEmpty();
    }
    return one;
  }

  @Test
  void of_what_is_as_it_should_be_finds_nothing() {
    JsonNode audit = audit();
    assertThat(audit.path("complete").asBoolean()).isTrue();
    assertThat(audit.path("differences").size()).isZero();
    assertThat(audit.path("hosts").size()).isEqualTo(2);
    assertThat(audit.path("hosts").path(0).path("state").asString()).isEqualTo("compared");
  }

  @ParameterizedTest
  @CsvSource({
    "STOPPED, guest_not_running",
    "PAUSED, guest_not_running",
    "INCOMING, guest_not_running",
    "HANDED_OVER, guest_not_running",
    "DEAD, guest_not_running",
    "BROKEN, guest_broken",
    "UNKNOWN, guest_broken",
    "ABSENT, server_absent"
  })
  void finds_a_guest_that_should_run_and_does_not(Runner runner, String kind) {
    stocks.put(HERE, guest(SERVER, runner));
    JsonNode one = only();
    assertThat(one.path("kind").asString()).isEqualTo(kind);
    assertThat(one.path("host").asString()).isEqualTo("host1");
    assertThat(one.path("server").asString()).isEqualTo(SERVER.toString());
    assertThat(one.path("database").asString()).isEqualTo("active on host host1");
    assertThat(one.path("since").asString()).startsWith("20");
  }

  @Test
  void finds_a_server_of_which_its_host_has_nothing() {
    stocks.put(HERE, empty());
    assertThat(kinds()).containsExactly("host1 server_absent");
  }

  @ParameterizedTest
  @CsvSource({"false, stopped on host host1", "true, error on host host1"})
  void finds_a_guest_that_runs_and_should_not(boolean fails, String database) {
    assertThat(api.to("/v2.1/servers/" + SERVER + "/action").post("{\"os-stop\": null}").status())
        .isEqualTo(202);
    if (fails) {
      api.conductors.fails(SERVER);
    } else {
      api.conductors.stops(SERVER);
    }
    JsonNode one = only();
    assertThat(one.path("kind").asString()).isEqualTo("guest_running");
    assertThat(one.path("database").asString()).isEqualTo(database);
  }

  @Test
  void finds_a_second_copy_that_runs_elsewhere() {
    stocks.put(THERE, guest(SERVER, Runner.RUNNING));
    JsonNode one = only();
    assertThat(one.path("kind").asString()).isEqualTo("guest_twice");
    assertThat(one.path("host").asString()).isEqualTo("host2");
    assertThat(one.path("seen").asString()).contains("on host host1 too");
  }

  @Test
  void asks_the_home_of_a_guest_that_is_on_no_page() {
    stocks.put(THERE, guest(SERVER, Runner.RUNNING));
    JsonNode there = api.to("/v1/audit?host=host2").get().json().path("audit");
    assertThat(there.path("differences").path(0).path("kind").asString()).isEqualTo("guest_twice");
  }

  @Test
  void says_when_it_is_not_known_whether_a_guest_runs_at_home_too() {
    stocks.put(THERE, guest(SERVER, Runner.RUNNING));
    stocks.remove(HERE);
    JsonNode there = api.to("/v1/audit?host=host2").get().json().path("audit");
    JsonNode one = there.path("differences").path(0);
    assertThat(one.path("kind").asString()).isEqualTo("guest_elsewhere");
    assertThat(one.path("seen").asString()).contains("host1 does not say");
  }

  @Test
  @Tag("S84")
  void of_a_server_moved_by_hand_in_the_database_names_both_hosts() {
    stocks.put(THERE, guest(SERVER, Runner.RUNNING));
    stocks.put(HERE, empty());
    assertThat(kinds()).containsExactly("host1 server_absent", "host2 guest_elsewhere");
  }

  @Test
  void finds_a_guest_and_files_of_a_server_nobody_knows() {
    stocks.put(THERE, guest(NOBODY, Runner.RUNNING));
    assertThat(kinds()).containsExactly("host2 guest_unknown");
    stocks.put(THERE, guest(NOBODY, Runner.DEAD));
    JsonNode one = only();
    assertThat(one.path("kind").asString()).isEqualTo("directory_unowned");
    assertThat(one.path("object").path("name").asString()).isEqualTo("instances/" + NOBODY);
  }

  @Test
  void finds_files_of_a_server_that_lives_elsewhere() {
    stocks.put(THERE, guest(SERVER, Runner.ABSENT));
    assertThat(kinds()).containsExactly("host2 directory_unowned");
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void finds_an_object_of_nobody_and_of_a_server_at_rest(Kind kind) {
    stocks.put(
        THERE,
        with(
            new ObjectInStock(kind, "a", Optional.empty(), Optional.of(Instant.EPOCH)),
            new ObjectInStock(kind, "b", Optional.of(SERVER), Optional.empty()),
            new ObjectInStock(kind, "c", Optional.of(NOBODY), Optional.empty())));
    List<JsonNode> all = differences();
    assertThat(all)
        .extracting(one -> one.path("object").path("name").asString())
        .containsExactly("a", "b", "c");
    assertThat(all)
        .allSatisfy(one -> {
          assertThat(one.path("kind").asString())
              .isEqualTo(kind == Kind.PROCESS ? "process_unowned" : "object_unowned");
          assertThat(one.path("object").path("kind").asString())
              .isEqualTo(kind.name().toLowerCase(java.util.Locale.ROOT));
        });
    assertThat(all.getFirst().path("since").asString()).isEqualTo("1970-01-01T00:00:00.000000");
    assertThat(all.get(1).path("server").asString()).isEqualTo(SERVER.toString());
  }

  @Test
  @Tag("S88")
  void names_a_copy_that_may_be_the_last_and_what_to_do_with_it() {
    stocks.put(
        THERE,
        with(
            new ObjectInStock(
                Kind.FILE, "kept/" + SERVER + "-3", Optional.of(SERVER), Optional.empty()),
            new ObjectInStock(
                Kind.FILE, "kept/" + NOBODY + "-3", Optional.of(NOBODY), Optional.empty()),
            new ObjectInStock(Kind.FILE, "kept/paper", Optional.empty(), Optional.empty())));
    assertThat(kinds())
        .containsExactly("host2 copy_kept", "host2 copy_kept", "host2 object_unowned");
    JsonNode one = differences().getFirst();
    assertThat(one.path("object").path("name").asString()).isEqualTo("kept/" + SERVER + "-3");
    assertThat(one.path("server").asString()).isEqualTo(SERVER.toString());
    assertThat(one.path("remedy").asString()).contains("rescue", "docs/operations.md");
  }

  @Test
  void passes_over_a_server_with_something_under_way() {
    migrates();
    stocks.put(HERE, guest(SERVER, Runner.HANDED_OVER));
    stocks.put(
        THERE,
        new Stock(
            List.of(new GuestInStock(SERVER, Runner.RUNNING, Optional.empty(), "")),
            List.of(new ObjectInStock(Kind.KEY, "keys/x", Optional.of(SERVER), Optional.empty())),
            List.of(receipt(api.conductors.newest(SERVER).id())),
            0));
    assertThat(kinds()).isEmpty();
  }

  private void migrates() {
    assertThat(
            api.to("/v1/migrations")
                .post("{\"migration\": {\"server\": \"%s\"}}".formatted(SERVER))
                .status())
        .isEqualTo(202);
    api.conductors.moves(SERVER, THERE.value());
  }

  @Test
  void that_falls_into_the_end_of_a_migration_finds_nothing() {
    migrates();
    stocks.put(THERE, guest(SERVER, Runner.RUNNING));
    // The hosts are told of as they are in the end; the database was read before.
    AtomicInteger asked = new AtomicInteger();
    beforeAnswer =
        () -> {
          if (asked.getAndIncrement() == 0) {
            api.conductors.completes(SERVER);
            stocks.put(HERE, empty());
          }
        };
    assertThat(kinds()).isEmpty();
    assertThat(kinds()).isEmpty();
  }

  @Test
  void tells_nothing_that_was_seen_once() {
    stocks.put(THERE, with(new ObjectInStock(Kind.FILE, "a", Optional.empty(), Optional.empty())));
    AtomicInteger asked = new AtomicInteger();
    beforeAnswer =
        () -> {
          if (asked.incrementAndGet() > 2) {
            stocks.put(THERE, empty());
          }
        };
    assertThat(kinds()).isEmpty();
    assertThat(asked.get()).isEqualTo(3);
  }

  @Test
  void says_of_a_silent_host_that_it_is_unknown_and_finds_no_other_difference() {
    stocks.remove(HERE);
    JsonNode audit = audit();
    assertThat(audit.path("complete").asBoolean()).isFalse();
    assertThat(audit.path("differences").size()).isEqualTo(1);
    JsonNode one = audit.path("differences").path(0);
    assertThat(one.path("kind").asString()).isEqualTo("host_unknown");
    assertThat(one.path("database").asString()).isEqualTo("servers on it: 1");
    JsonNode host = audit.path("hosts").path(0);
    assertThat(host.path("host").asString()).isEqualTo("host1");
    assertThat(host.path("state").asString()).isEqualTo("unknown");
    assertThat(host.path("reason").asString()).contains("nobody listens");
    assertThat(audit.path("hosts").path(1).path("state").asString()).isEqualTo("compared");
  }

  @Test
  void says_why_a_host_cannot_see() {
    api.answering.set((host, question, deadline) ->
        new Asked.Answered<>(
            new HostAnswer.Refused(
                new Failure(ErrorCode.HYPERVISOR_FAILED, "/proc cannot be read."))));
    assertThat(audit().path("hosts").path(0).path("reason").asString())
        .isEqualTo("/proc cannot be read.");
  }

  @Test
  void asks_all_hosts_of_a_page_at_once() {
    CountDownLatch both = new CountDownLatch(2);
    beforeAnswer =
        () -> {
          both.countDown();
          try {
            assertThat(both.await(10, TimeUnit.SECONDS)).as("the other host is asked too").isTrue();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        };
    assertThat(kinds()).isEmpty();
  }

  private static ReceiptInStock receipt(MigrationId migration) {
    return new ReceiptInStock(
        migration,
        Optional.of(SERVER),
        new Receipt(
            3,
            List.of(
                new ReceiptEntry(
                    1,
                    Kind.EXPORT,
                    "export-disk0",
                    Instant.EPOCH,
                    Optional.of(Instant.EPOCH),
                    Optional.empty(),
                    Optional.empty())),
            Optional.empty()));
  }

  @Test
  void finds_what_a_migration_that_is_over_has_left_open() {
    migrates();
    MigrationId migration = api.conductors.newest(SERVER).id();
    stocks.put(THERE, with(receipt(migration)));
    assertThat(kinds()).as("it is under way").isEmpty();
    api.conductors.takesBack(
        SERVER, MigrationStatus.FAILED, new Failure(ErrorCode.HYPERVISOR_FAILED, "broken"));
    JsonNode one = only();
    assertThat(one.path("kind").asString()).isEqualTo("receipt_open");
    assertThat(one.path("migration").asString()).isEqualTo(migration.toString());
    assertThat(one.path("object").path("name").asString()).isEqualTo("export-disk0");
    assertThat(one.path("database").asString()).isEqualTo("migration failed");

    stocks.put(
        THERE,
        with(
            new ReceiptInStock(
                migration, Optional.empty(), new Receipt(0, List.of(), Optional.of("torn")))));
    one = only();
    assertThat(one.path("kind").asString()).isEqualTo("receipt_damaged");
    assertThat(one.path("seen").asString()).isEqualTo("torn");
  }

  @Test
  void finds_the_receipt_of_a_migration_nobody_knows() {
    stocks.put(THERE, with(receipt(new MigrationId(new UUID(0x4000L, 9)))));
    assertThat(kinds()).containsExactly("host2 receipt_unknown");
  }

  @Test
  @Tag("S84")
  void finds_a_claim_that_is_no_servers() {
    ClaimId claim = new ClaimId(new UUID(0x4000L, 7));
    assertThat(
            api.stores
                .claims()
                .claim(
                    claim,
                    SERVER,
                    THERE,
                    new Resources(1, 1, 1),
                    new Resources(100, 1 << 20, 1L << 40)))
        .isPresent();
    JsonNode one = only();
    assertThat(one.path("kind").asString()).isEqualTo("claim_unowned");
    assertThat(one.path("host").asString()).isEqualTo("host2");
    assertThat(one.path("object").path("name").asString()).isEqualTo(claim.toString());
  }

  @Test
  void finds_a_server_without_its_claim() {
    api.stores.claims().of(SERVER).forEach(claim -> api.stores.claims().release(claim.id()));
    assertThat(kinds()).containsExactly("host1 claim_missing");
  }

  @Test
  void counts_what_it_leaves_off() {
    stocks.put(THERE, new Stock(List.of(), List.of(), List.of(), 12));
    assertThat(audit().path("hosts").path(1).path("left_off").asInt()).isEqualTo(12);
    stocks.put(
        THERE,
        with(
            java.util.stream.IntStream.range(0, 1003)
                .mapToObj(
                    i -> new ObjectInStock(Kind.FILE, "f" + i, Optional.empty(), Optional.empty()))
                .toArray(ObjectInStock[]::new)));
    JsonNode audit = audit();
    assertThat(audit.path("differences").size()).isEqualTo(1000);
    assertThat(audit.path("hosts").path(1).path("differences").asInt()).isEqualTo(1003);
    assertThat(audit.path("hosts").path(1).path("left_off").asInt()).isEqualTo(3);
  }

  @Test
  void is_of_one_host_or_page_by_page() {
    JsonNode one = api.to("/v1/audit?host=host2").get().json().path("audit").path("hosts");
    assertThat(one.size()).isEqualTo(1);
    JsonNode first = api.to("/v1/audit?limit=1").get().json();
    assertThat(first.path("audit").path("hosts").path(0).path("host").asString())
        .isEqualTo("host1");
    assertThat(first.path("audit_links").path(0).path("href").asString()).contains("marker=host1");
    JsonNode second = api.to("/v1/audit?limit=1&marker=host1").get().json().path("audit");
    assertThat(second.path("hosts").path(0).path("host").asString()).isEqualTo("host2");
  }

  @Test
  void is_for_administrators_and_checks_what_it_is_asked() {
    assertThat(api.to("/v1/audit").as("user:project").get().status()).isEqualTo(403);
    assertThat(api.to("/v1/audit?host=nobody").get().fault())
        .isEqualTo("404 itemNotFound: Compute host nobody could not be found.");
    assertThat(api.to("/v1/audit?host=../x").get().status()).isEqualTo(404);
    assertThat(api.to("/v1/audit?marker=nobody").get().status()).isEqualTo(404);
    assertThat(api.to("/v1/audit?fix=true").get().status()).isEqualTo(400);
  }

  @Test
  @Tag("S12")
  void is_what_its_golden_file_says() throws IOException {
    stocks.put(
        THERE,
        new Stock(
            List.of(new GuestInStock(SERVER, Runner.RUNNING, Optional.of(Instant.EPOCH), "")),
            List.of(
                new ObjectInStock(
                    Kind.PROCESS,
                    "hypervisor with pid 7",
                    Optional.empty(),
                    Optional.of(Instant.EPOCH))),
            List.of(),
            0));
    String text = audit().toPrettyString() + "\n";
    if (Boolean.getBoolean("tern.golden.write")) {
      Files.writeString(GOLDEN, text);
    }
    assertThat(text).isEqualTo(Files.readString(GOLDEN));
    assertThat(kinds()).containsExactlyInAnyOrder("host2 guest_twice", "host2 process_unowned");
  }
}
