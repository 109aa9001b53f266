package dev.tern.api.openapi;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.EmbeddedUsers;
import dev.tern.api.Recorded;
import dev.tern.api.TestApi;
import dev.tern.api.openapi.Described.Operation;
import dev.tern.api.version.Offered;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The description is made from the controllers, from one line for each endpoint in {@code
 * summaries.txt}, and from recorded requests and answers; {@code -Dwrite.docs=true} writes it and
 * the page anew.
 */
@DisplayName("The description of the API")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OpenApiPromiseTest {
  private static final Path SUMMARIES = Path.of("src/test/resources/openapi/summaries.txt");
  private static final Path DOCUMENT =
      Path.of("src/main/resources/dev/tern/api/openapi/openapi.json");
  private static final Path PAGE = Path.of("..", "docs", "api-reference.md");
  private static final String HEAD =
      """
      # API reference

      Made from the controllers by `OpenApiPromiseTest`; the same for programs is `GET /openapi.json` (OpenAPI 3.1), with recorded requests and answers. What is behind it is told in
      [api.md](api.md). Paths of `/v2.1` are there too with the project's id after the version. "versions" are the microversions that have the call; nothing is all of them.
      `/identity` is there with `tern.api.auth=embedded` only.
      """;

  private TestApi api;

  @BeforeAll
  void start(@TempDir Path folder) throws IOException {
    // It has every endpoint that any other way to authenticate has, and the identity service.
    api = new TestApi(folder.resolve("images"), EmbeddedUsers.in(folder));
  }

  @AfterAll
  void stop() {
    api.close();
  }

  private static Map<String, String> summaries() throws IOException {
    Map<String, String> summaries = new TreeMap<>();
    for (String line : Files.readAllLines(SUMMARIES)) {
      if (!line.isBlank()) {
        String[] parts = line.split(" \\| ", 2);
        assertThat(parts).as(line).hasSize(2);
        assertThat(summaries.put(parts[0].strip(), parts[1].strip())).as(line).isNull();
      }
    }
    return summaries;
  }

  private List<Operation> operations() throws IOException {
    Map<String, String> summaries = summaries();
    List<Operation> operations = new ArrayList<>();
    api.bean(RequestMappingHandlerMapping.class, "requestMappingHandlerMapping")
        .getHandlerMethods()
        .forEach((info, handler) -> {
          Offered offered = handler.getMethodAnnotation(Offered.class);
          String id =
              handler.getBeanType().getSimpleName().replace("Controller", "")
                  + "."
                  + handler.getMethod().getName();
          int place = 0;
          for (var method : info.getMethodsCondition().getMethods()) {
            for (String path : info.getPatternValues()) {
              String key = method.name() + " " + path;
              operations.add(
                  new Operation(
                      method.name(),
                      path,
                      place++ == 0 ? id : id + "-" + place,
                      summaries.getOrDefault(key, ""),
                      offered == null ? 1 : offered.from(),
                      offered == null ? Integer.MAX_VALUE : offered.to()));
            }
          }
        });
    operations.sort(Comparator.comparing(Operation::path).thenComparing(Operation::method));
    return operations;
  }

  private Described described() throws IOException {
    List<String> routes = api.routes();
    Map<String, List<JsonNode>> answers = new HashMap<>();
    for (Recorded.Answer answer : Recorded.answers()) {
      String route =
          Described.routeOf(routes, "GET", answer.path())
              .orElseThrow(() -> new AssertionError("no route for " + answer));
      answers
          .computeIfAbsent(route, _ -> new ArrayList<>())
          .add(JsonMapper.shared().readTree(Files.readString(answer.file())));
    }
    Map<String, List<String>> bodies =
        Recorded.bodies()
            .collect(groupingBy(Recorded.Body::route, mapping(Recorded.Body::text, toList())));
    return new Described(operations(), answers, bodies);
  }

  @Test
  void has_a_line_for_each_endpoint_and_no_other() throws IOException {
    assertThat(summaries().keySet()).containsExactlyInAnyOrderElementsOf(api.routes());
  }

  @Test
  void is_what_the_controllers_are() throws IOException {
    Described described = described();
    String document = described.document().toPrettyString() + "\n";
    String page = described.page(HEAD);
    if (Boolean.getBoolean("write.docs")) {
      Files.createDirectories(DOCUMENT.getParent());
      Files.writeString(DOCUMENT, document);
      Files.writeString(PAGE, page);
    }
    assertThat(document).as("-Dwrite.docs=true writes it").isEqualTo(Files.readString(DOCUMENT));
    assertThat(page).as("-Dwrite.docs=true writes it").isEqualTo(Files.readString(PAGE));
  }

  @Test
  void is_served_to_whoever_asks() throws IOException {
    TestApi.Answer answer = api.to("/openapi.json").get();
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.json()).isEqualTo(JsonMapper.shared().readTree(Files.readString(DOCUMENT)));
  }

  @Test
  void says_of_each_endpoint_whether_it_needs_a_token() throws IOException {
    for (Operation operation : operations()) {
      TestApi.Call call = api.to(operation.path().replaceAll("\\{[a-zA-Z]+}", "x"));
      TestApi.Answer answer =
          operation.method().equals("GET") ? call.get() : call.method(operation.method(), "");
      assertThat(answer.status() == 401)
          .as("%s without a token: %s", operation.key(), answer.text())
          .isEqualTo(!operation.open());
    }
  }

  @Test
  void has_ids_of_its_operations_that_are_theirs_alone() throws IOException {
    Stream<String> ids = operations().stream().map(Operation::id);
    assertThat(ids).doesNotHaveDuplicates();
  }
}
