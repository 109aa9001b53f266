package dev.tern.api.openapi;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Makes the document.
 *
 * @param operations what there is, in the order of the document
 * @param answers recorded ones, by method and path
 * @param bodies recorded ones, by method and path
 */
record Described(
    List<Operation> operations,
    Map<String, List<JsonNode>> answers,
    Map<String, List<String>> bodies) {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final Pattern VARIABLE = Pattern.compile("\\{([a-zA-Z]+)}");
  private static final int ALL = Integer.MAX_VALUE;
  private static final String TOKENS = "/identity/v3/auth/tokens";
  private static final String SUBJECT = "X-Subject-Token";
  private static final Set<String> OPEN =
      Set.of(
          "/",
          "/openapi.json",
          "/v2.1",
          "/v2.1/",
          "/image",
          "/image/",
          "/image/versions",
          "/identity",
          "/identity/",
          "/identity/v3",
          "/identity/v3/");

  /**
   * One method of one path.
   *
   * @param from first minor version that has it
   * @param to last minor version that has it
   */
  record Operation(String method, String path, String id, String summary, int from, int to) {
    String key() {
      return method + " " + path;
    }

    boolean compute() {
      return path.startsWith("/v2.1");
    }

    boolean identity() {
      return path.startsWith("/identity");
    }

    /** Whether it is about a token that a header names. */
    boolean ofToken() {
      return path.equals(TOKENS) && !method.equals("POST");
    }

    /** Whether whoever asks needs no token. */
    boolean open() {
      return OPEN.contains(path)
          || path.startsWith("/ui/")
          || (path.equals(TOKENS) && method.equals("POST"));
    }

    /** What it is filed under: the first part of the path that says something. */
    String tag() {
      String[] parts = path.split("/", -1);
      int first = compute() || path.startsWith("/v1/") || path.startsWith("/image/v2") ? 2 : 1;
      if (path.startsWith("/image/v2") || identity()) {
        first = 3;
      }
      String api = path.startsWith("/v1/") ? "Tern: " : identity() ? "Identity: " : "";
      return api + (parts.length > first && !parts[first].isEmpty() ? parts[first] : "versions");
    }

    String versions() {
      if (!compute()) {
        return "";
      }
      return to == ALL ? (from == 1 ? "" : "from 2." + from) : "2.%d to 2.%d".formatted(from, to);
    }
  }

  ObjectNode document() {
    ObjectNode root = JSON.createObjectNode();
    root.put("openapi", "3.1.0");
    root.putObject("info")
        .put("title", "Tern")
        .put("version", "2.96")
        .put(
            "description",
            "Nova's compute API with microversions 2.1 to 2.96, images in Glance's shape, an"
                + " identity service in Keystone's (with tern.api.auth=embedded), and Tern's own"
                + " additions under /v1. Schemas and examples are recorded answers: a field"
                + " that is required is in every microversion.");
    ObjectNode paths = root.putObject("paths");
    for (Operation operation : operations) {
      ObjectNode path = paths.withObject("/" + escaped(operation.path()));
      path.set(operation.method().toLowerCase(java.util.Locale.ROOT), describe(operation));
    }
    components(root.putObject("components"));
    root.putArray("security").addObject().putArray("token");
    return root;
  }

  private static String escaped(String path) {
    return path.replace("~", "~0").replace("/", "~1");
  }

  private ObjectNode describe(Operation operation) {
    ObjectNode described = JSON.createObjectNode();
    described.put("operationId", operation.id());
    described.put("summary", operation.summary());
    described.putArray("tags").add(operation.tag());
    parameters(operation, described);
    List<String> samples = bodies.getOrDefault(operation.key(), List.of());
    if (!samples.isEmpty()) {
      body(described.putObject("requestBody"), samples);
    }
    responses(operation, described.putObject("responses"));
    if (operation.open()) {
      described.putArray("security");
    }
    return described;
  }

  private static void parameters(Operation operation, ObjectNode described) {
    ArrayNode parameters = JSON.createArrayNode();
    Matcher variables = VARIABLE.matcher(operation.path());
    while (variables.find()) {
      parameter(parameters, variables.group(1), "path").put("required", true);
    }
    if (operation.compute()) {
      ObjectNode version = parameter(parameters, "OpenStack-API-Version", "header");
      String there = operation.versions();
      version.put(
          "description",
          "compute 2.1 to compute 2.96, or compute latest; 2.1 without it."
              + (there.isEmpty() ? "" : " This is there " + there + "."));
    }
    if (operation.ofToken()) {
      parameter(parameters, SUBJECT, "header")
          .put("required", true)
          .put("description", "The token in question.");
    }
    if (!parameters.isEmpty()) {
      described.set("parameters", parameters);
    }
  }

  private static ObjectNode parameter(ArrayNode parameters, String name, String in) {
    ObjectNode parameter = parameters.addObject().put("name", name).put("in", in);
    parameter.putObject("schema").put("type", "string");
    return parameter;
  }

  private static void body(ObjectNode body, List<String> samples) {
    ObjectNode json = body.putObject("content").putObject("application/json");
    List<JsonNode> read =
        samples.stream().filter(text -> !text.isEmpty()).map(JSON::readTree).toList();
    json.putObject("schema").put("type", "object");
    ObjectNode examples = json.putObject("examples");
    for (int i = 0; i < read.size(); i++) {
      String name = read.get(i).propertyNames().stream().findFirst().orElse("empty");
      String unique = examples.has(name) ? name + "-" + i : name;
      examples.putObject(unique).set("value", read.get(i));
    }
    body.put("required", read.size() == samples.size());
  }

  private void responses(Operation operation, ObjectNode responses) {
    List<JsonNode> recorded = answers.getOrDefault(operation.key(), List.of());
    ObjectNode good = responses.putObject("2XX").put("description", "It is done, or accepted.");
    if (operation.path().equals(TOKENS) && !operation.method().equals("DELETE")) {
      ObjectNode subject = good.putObject("headers").putObject(SUBJECT);
      subject.put("description", "The token.").putObject("schema").put("type", "string");
    }
    if (!recorded.isEmpty()) {
      ObjectNode json = good.putObject("content").putObject("application/json");
      json.set("schema", RecordedSchema.of(recorded));
      json.set("example", recorded.getLast());
    }
    responses.putObject("default").put("$ref", "#/components/responses/Fault");
  }

  private static void components(ObjectNode components) {
    ObjectNode fault = components.putObject("responses").putObject("Fault");
    fault.put(
        "description",
        "Nova's form of an error: one member, whose name says the kind (badRequest, itemNotFound,"
            + " conflictingRequest, forbidden, computeFault, …; error under /identity).");
    ObjectNode member = JSON.createObjectNode().put("type", "object");
    member.putObject("properties").putObject("code").put("type", "integer");
    member.withObject("/properties").putObject("message").put("type", "string");
    member.putArray("required").add("code").add("message");
    fault
        .putObject("content")
        .putObject("application/json")
        .putObject("schema")
        .put("type", "object")
        .set("additionalProperties", member);
    components
        .putObject("securitySchemes")
        .putObject("token")
        .put("type", "apiKey")
        .put("in", "header")
        .put("name", "X-Auth-Token");
  }

  /** For people. */
  String page(String head) {
    Map<String, StringBuilder> tables = new TreeMap<>();
    for (Operation operation : operations) {
      tables
          .computeIfAbsent(
              operation.tag(),
              tag ->
                  new StringBuilder("\n## " + tag + "\n\n| call | versions | |\n|---|---|---|\n"))
          .append(
              "| `%s` | %s | %s |\n"
                  .formatted(operation.key(), operation.versions(), operation.summary()));
    }
    return head + String.join("", tables.values());
  }

  static Optional<String> routeOf(List<String> routes, String method, String path) {
    String bare = path.replaceFirst("\\?.*", "").replaceAll("\\{[a-z]+}", "x");
    return routes.stream()
        .filter(route -> route.startsWith(method + " "))
        .filter(route ->
            Pattern.matches(
                route.substring(method.length() + 1).replaceAll("\\{[a-zA-Z]+}", "[^/]+"), bare))
        .min(
            java.util.Comparator.comparingLong(
                route -> route.chars().filter(c -> c == '{').count()));
  }
}
