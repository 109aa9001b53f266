package dev.tern.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.TestApi.Answer;
import dev.tern.api.fakes.Samples;
import dev.tern.api.servers.ServerAction;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
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
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Every endpoint of {@code /v2.1} with each thing that can be wrong about a request to it. What an
 * endpoint takes is a row of {@code requests/table.txt}; one without a row fails.
 */
@DisplayName("A request that is refused")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("S12")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RefusedRequestsTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final String UNKNOWN = "99999999-9999-4999-8999-999999999999";
  private static final String TENANT = "someone:demo";
  private static final Pattern VARIABLE = Pattern.compile("\\{\\w+}");
  private static final Set<String> MAPS = Set.of("metadata", "extra_specs", "meta", "KEY");
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final List<Row> ROWS = rows();

  private TestApi api;
  private List<String> wrong = List.of();

  /**
   * An endpoint.
   *
   * @param body that is accepted; empty when it takes none
   */
  record Row(String method, String path, String version, List<String> marks, String body) {
    boolean is(String mark) {
      return marks.contains(mark);
    }

    List<String> dates() {
      return marks.stream()
          .filter(mark -> mark.startsWith("date="))
          .map(mark -> mark.substring(5))
          .toList();
    }

    boolean takesBody() {
      return !body.isEmpty();
    }

    String route() {
      return method + " " + path;
    }

    /** What it would be asked for if all its names were known. */
    String real() {
      String known =
          path.contains("/servers/")
              ? path.replaceFirst("\\{id}", SERVER.toString())
              : path.replace("/flavors/{id}", "/flavors/tiny")
                  .replace("/os-aggregates/{id}", "/os-aggregates/1")
                  .replace("/images/{id}", "/images/" + Samples.IMAGE)
                  .replace("{project}", "demo")
                  .replace("{pattern}", "host");
      return VARIABLE.matcher(known).replaceAll("role");
    }

    String readable() {
      return body.replace("KEY", "role");
    }

    @Override
    public String toString() {
      return route() + " " + body;
    }
  }

  private static List<Row> rows() {
    try (Stream<String> lines = Files.lines(Path.of("src/test/resources/requests/table.txt"))) {
      return lines
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .map(line -> {
            String[] parts = line.split("\\|", 4);
            String[] route = parts[0].strip().split(" ", 2);
            List<String> marks = Arrays.asList(parts[2].strip().split(" ", -1));
            return new Row(route[0], route[1], parts[1].strip(), marks, parts[3].strip());
          })
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @BeforeAll
  void start(@TempDir Path images) {
    api = new TestApi(images, "--tern.api.max-body-size=8KB");
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void begin() {
    wrong = new ArrayList<>();
    server();
  }

  private void server() {
    api.reset();
    api.conductors.boots(SERVER, "demo", "host1");
    var _ = api.stores.aggregates().create(new UUID(0x4000L, 9L), "east", Optional.of("east"));
  }

  // ---- the table

  @Test
  void is_one_to_each_endpoint_there_is() {
    Set<String> routes = new java.util.TreeSet<>();
    api.routes().stream().filter(route -> route.contains(" /v2.1")).forEach(routes::add);
    assertThat(ROWS.stream().map(Row::route).distinct())
        .containsExactlyInAnyOrderElementsOf(routes);
    for (ServerAction action : api.beans(ServerAction.class)) {
      assertThat(ROWS.stream().map(Row::body))
          .as(action.key())
          .anyMatch(body -> body.startsWith("{\"" + action.key() + "\""));
    }
  }

  /** So that the rows with something wrong are refused for that, and for nothing else. */
  @Test
  void is_none_of_the_table_as_it_stands() {
    Set<Integer> never = Set.of(400, 403, 406, 413, 415);
    each(row -> {
      if (row.takesBody()) {
        server();
        if (row.body().startsWith("{\"evacuate\"")) {
          assertThat(api.stores.hosts().setForcedDown(new HostName("host1"), true)).isTrue();
        }
        Answer answer = send(call(row, real(row)), row, row.readable());
        if (never.contains(answer.status()) || answer.status() == 500) {
          wrong.add("%s: %d %s".formatted(row, answer.status(), answer.text()));
        }
      }
    });
  }

  // ---- how it is asked

  private String real(Row row) {
    String service =
        api.stores
            .hosts()
            .find(new HostName("host1"), Duration.ofMinutes(1))
            .orElseThrow()
            .serviceUuid()
            .toString();
    return row.real().replace("/os-services/role", "/os-services/" + service);
  }

  private TestApi.Call call(Row row, String path) {
    return api.to(path).version(row.version());
  }

  private Answer send(TestApi.Call call, Row row, String body) {
    return switch (row.method()) {
      case "GET" -> call.get();
      case "DELETE" -> call.delete();
      default ->
          body.isEmpty()
              ? call.bytes(row.method(), new byte[0], "application/json")
              : call.method(row.method(), body);
    };
  }

  private List<Object> seen() {
    return List.of(
        api.stores.rows(),
        api.stores.servers().find(SERVER).orElseThrow(),
        api.stores.flavors().list(Optional.empty(), 1000),
        api.stores.images().list(Optional.empty(), 1000),
        api.stores.aggregates().list(),
        api.stores.keyPairs().list("admin", Optional.empty(), 1000),
        api.stores.groups().list(Optional.empty(), 0, 1000),
        api.stores.quotas().limits("demo", java.util.Map.of()));
  }

  /** Notes what is answered with another status, in another shape, or after something was made. */
  private void expect(Row row, String what, Answer answer, List<Object> before, int... statuses) {
    String told = "%s %s: %d %s".formatted(row, what, answer.status(), answer.text());
    boolean fits = Arrays.stream(statuses).anyMatch(status -> status == answer.status());
    boolean shaped = fits && answer.text().startsWith("{") && answer.text().contains("\"message\"");
    if (!shaped) {
      wrong.add(told);
    } else if (!seen().equals(before)) {
      wrong.add("made something: " + told);
    }
  }

  private void each(Consumer<Row> check) {
    ROWS.forEach(check);
    assertThat(wrong).isEmpty();
  }

  // ---- what is wrong about it

  @Test
  void for_its_version_says_so() {
    each(row -> {
      List<Object> before = seen();
      expect(row, "at 2.200", with(row, "2.200"), before, 406);
      expect(row, "at 3.0", with(row, "3.0"), before, 406);
      expect(row, "at x", with(row, "two"), before, 400);
      expect(row, "at 2.", with(row, "2."), before, 400);
      expect(row, "at 2.01", with(row, "2.01"), before, 400);
    });
  }

  private Answer with(Row row, String version) {
    return send(api.to(real(row)).version(version), row, row.readable());
  }

  @Test
  void after_the_last_version_that_has_it_says_404() {
    each(row -> {
      if (!row.version().equals("2.96") && !row.path().equals("/v2.1/servers/{id}/action")) {
        List<Object> before = seen();
        int next = Integer.parseInt(row.version().substring(2)) + 1;
        expect(row, "at 2." + next, with(row, "2." + next), before, 404);
      }
    });
  }

  @Test
  void for_what_it_names_says_404() {
    each(row -> {
      if (row.path().contains("{") && !row.is("any")) {
        List<Object> before = seen();
        String path = VARIABLE.matcher(row.path()).replaceAll(UNKNOWN);
        String number = path.replace("/os-aggregates/" + UNKNOWN, "/os-aggregates/77777");
        String body = row.body().replace("KEY", UNKNOWN);
        expect(row, "of nothing", send(call(row, number), row, body), before, 404);
      }
    });
  }

  @Test
  void for_whose_it_is_says_404() {
    each(row -> {
      if (row.path().contains("/servers/{") && !row.is("admin")) {
        List<Object> before = seen();
        Answer answer = send(call(row, real(row)).as("someone:other"), row, row.readable());
        expect(row, "of others", answer, before, 404);
      }
    });
  }

  @Test
  void for_the_callers_role_says_403() {
    each(row -> {
      if (row.is("admin")) {
        List<Object> before = seen();
        Answer answer = send(call(row, real(row)).as(TENANT), row, row.readable());
        expect(row, "by a tenant", answer, before, 403);
      }
    });
  }

  @Test
  void for_the_lock_of_its_server_says_409() {
    assertThat(api.to("/v2.1/servers/" + SERVER + "/action").post("{\"lock\": null}").status())
        .isEqualTo(202);
    each(row -> {
      if (row.is("lock")) {
        List<Object> before = seen();
        Answer answer = send(call(row, real(row)).as(TENANT), row, row.readable());
        expect(row, "when locked", answer, before, 409);
        if (!answer.text().contains("Instance " + SERVER + " is locked")) {
          wrong.add(row + ": " + answer.text());
        }
      }
    });
  }

  @Test
  void for_its_query_says_400() {
    each(row -> {
      List<String> queries = new ArrayList<>();
      if (row.is("paged")) {
        queries.addAll(List.of("limit=-1", "limit=x", "limit=1.5", "marker=" + UNKNOWN));
        queries.add("marker=..");
      }
      if (row.is("strict")) {
        queries.add("colour=red");
      }
      for (String date : row.dates()) {
        for (String text : List.of("yesterday", "2026-13-01", "2026-02-30T00:00:00", "1e9")) {
          queries.add(date + "=" + text);
        }
      }
      List<Object> before = seen();
      for (String query : queries) {
        Answer answer = send(call(row, real(row) + "?" + query), row, row.readable());
        expect(row, query, answer, before, 400);
      }
    });
  }

  @Test
  void is_none_whose_limit_is_zero_or_larger_than_all() {
    each(row -> {
      if (row.is("paged")) {
        for (String limit : List.of("0", "1000000000000")) {
          Answer answer = call(row, real(row) + "?limit=" + limit).get();
          if (answer.status() != 200) {
            wrong.add(row + " " + limit + ": " + answer.text());
          }
        }
      }
    });
  }

  // ---- what is wrong about its body

  private void bodies(Row row, List<String> bodies, int status) {
    List<Object> before = seen();
    for (String body : bodies) {
      expect(row, body, send(call(row, real(row)), row, body), before, status);
    }
  }

  @Test
  void for_a_body_that_is_none_says_400() {
    each(row -> {
      if (row.takesBody()) {
        String half = row.readable().substring(0, row.readable().length() - 1);
        bodies(row, List.of("", "null", "[]", "\"x\"", "7", "{", "{}", half, "{\"x\": {}}"), 400);
      }
    });
  }

  @Test
  void for_a_field_that_is_unknown_says_400() {
    each(row -> {
      if (row.takesBody() && !row.is("open")) {
        List<String> bodies = new ArrayList<>();
        ObjectNode whole = (ObjectNode) JSON.readTree(row.readable());
        extended(whole, whole, "", bodies);
        bodies(row, bodies, 400);
      }
    });
  }

  /** The body with an unknown field in each object of it that is no map. */
  private static void extended(ObjectNode whole, ObjectNode at, String name, List<String> out) {
    if (MAPS.contains(name)) {
      return;
    }
    at.put("colour", "red");
    out.add(whole.toString());
    at.remove("colour");
    for (String field : List.copyOf(at.propertyNames())) {
      if (at.get(field) instanceof ObjectNode inner) {
        extended(whole, inner, field, out);
      }
    }
  }

  @Test
  void for_a_field_of_another_type_says_400() {
    each(row -> {
      if (row.takesBody()) {
        List<String> bodies = new ArrayList<>();
        ObjectNode whole = (ObjectNode) JSON.readTree(row.readable());
        retyped(whole, whole, bodies);
        bodies(row, bodies, 400);
      }
    });
  }

  /** The body with each of its values, but for those of actions that take any, of no use. */
  private static void retyped(ObjectNode whole, ObjectNode at, List<String> out) {
    for (String field : List.copyOf(at.propertyNames())) {
      JsonNode was = at.get(field);
      if (whole.equals(at) && was.isNull()) {
        continue;
      }
      ArrayNode list = JSON.createArrayNode();
      list.addObject().put("a", 1);
      at.set(field, list);
      out.add(whole.toString());
      if (!was.isObject()) {
        at.set(field, JSON.createObjectNode().put("a", 1));
        out.add(whole.toString());
      } else {
        at.put(field, "text");
        out.add(whole.toString());
      }
      at.set(field, was);
      if (was instanceof ObjectNode inner) {
        retyped(whole, inner, out);
      }
    }
  }

  @Test
  void for_the_size_of_its_body_says_413() {
    each(row -> {
      if (row.takesBody()) {
        bodies(row, List.of("{\"x\": \"" + "y".repeat(20_000) + "\"}"), 413);
      }
    });
  }

  @Test
  void for_the_type_of_its_body_says_415() {
    each(row -> {
      if (row.takesBody()) {
        List<Object> before = seen();
        byte[] body = row.readable().getBytes(java.nio.charset.StandardCharsets.UTF_8);
        for (String type : List.of("text/xml", "text/plain", "application/xml")) {
          Answer answer = call(row, real(row)).bytes(row.method(), body, type);
          expect(row, type, answer, before, 415);
        }
      }
    });
  }

  // ---- what there is no room for

  @Test
  void for_a_quota_says_403_and_which() {
    String key =
        ROWS.stream().filter(row -> row.body().contains("keypair")).findAny().orElseThrow().body();
    String group = "{\"server_group\": {\"name\": \"g\", \"policy\": \"affinity\"}}";
    String server =
        "{\"server\": {\"name\": \"n\", \"flavorRef\": \"tiny\", \"imageRef\": \"%s\", \"networks\": \"none\"%s}}";
    String plain = server.formatted(Samples.IMAGE, "");
    String worded = server.formatted(Samples.IMAGE, ", \"metadata\": {\"a\": \"b\"}");
    String metadata = "/v2.1/servers/" + SERVER + "/metadata";
    over("instances", "POST", "/v2.1/servers", plain);
    over("cores", "POST", "/v2.1/servers", plain);
    over("ram", "POST", "/v2.1/servers", plain);
    over("metadata_items", "POST", "/v2.1/servers", worded);
    over("metadata_items", "POST", metadata, "{\"metadata\": {\"a\": \"b\"}}");
    over("metadata_items", "PUT", metadata, "{\"metadata\": {\"a\": \"b\"}}");
    over("metadata_items", "PUT", metadata + "/a", "{\"meta\": {\"a\": \"b\"}}");
    over("key_pairs", "POST", "/v2.1/os-keypairs", key.replace(", \"user_id\": \"admin\"", ""));
    over("server_groups", "POST", "/v2.1/os-server-groups", group);
    assertThat(wrong).isEmpty();
  }

  private void over(String resource, String method, String path, String body) {
    assertThat(
            api.to("/v2.1/os-quota-sets/demo")
                .put("{\"quota_set\": {\"%s\": 0, \"force\": true}}".formatted(resource))
                .status())
        .isEqualTo(200);
    List<Object> before = seen();
    Row row = new Row(method, path, "2.96", List.of(), body);
    Answer answer = api.to(path).version("2.96").as(TENANT).method(method, body);
    expect(row, "over " + resource, answer, before, 403);
    assertThat(api.to("/v2.1/os-quota-sets/demo").delete().status()).isEqualTo(202);
  }
}
