package dev.tern.client.command;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The API as docs/api.md has it, by hand: servers and migrations that move on with each look. It
 * refuses what the real one refuses, in its words; HostsSystemTest types the same at the real one.
 */
final class FakeTern implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.shared();
  static final Set<String> MIGRATION_FIELDS =
      Set.of(
          "server",
          "host",
          "block_migration",
          "policy",
          "streams",
          "disks",
          "overrides",
          "tunnelled");
  static final Set<String> POLICY_FIELDS =
      Set.of(
          "max_pause_millis",
          "max_bandwidth",
          "deadline_seconds",
          "at_deadline",
          "post_copy_allowed",
          "auto_converge");

  private final HttpServer http;
  final Map<String, ObjectNode> servers = new LinkedHashMap<>();
  final Map<String, FakeMigration> migrations = new LinkedHashMap<>();
  final Map<String, FakeColdMigration> colds = new LinkedHashMap<>();
  final List<String> heard = new ArrayList<>();
  private final Map<String, Answer> answered = new HashMap<>();
  private final FakeDisks disks = new FakeDisks();
  final FakeDrains drains = new FakeDrains();
  private List<Look> script = List.of(new Look("running", 50), new Look("completed", 100));
  String failure = "";
  boolean admin = true;

  volatile String token = ""; // none is needed
  private int answersToLose;

  /** What one look at a migration shows. */
  record Look(String status, double percent) {}

  /** The API cannot say just now. */
  static final Look AWAY = new Look("away", 0);

  /** A status and a body, {@code null} for none. */
  record Answer(int status, @Nullable JsonNode body) {}

  /** The API's no. */
  static final class No extends Exception {
    private static final long serialVersionUID = 1L;
    final int status;

    No(int status, String message) {
      super(message);
      this.status = status;
    }
  }

  FakeTern() throws IOException {
    http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    http.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    http.createContext("/", this::handle);
    http.start();
  }

  String endpoint() {
    return "http://127.0.0.1:%d/v2.1".formatted(http.getAddress().getPort());
  }

  @Override
  public void close() {
    http.stop(0);
  }

  /** One that runs on host-1. */
  synchronized String server(String name) {
    String id = UUID.randomUUID().toString();
    ObjectNode server = JSON.createObjectNode().put("id", id).put("name", name);
    server
        .put("status", "ACTIVE")
        .put("tenant_id", "admin")
        .put("OS-EXT-SRV-ATTR:host", "host-1")
        .put("OS-EXT-STS:power_state", 1)
        .putNull("OS-EXT-STS:task_state")
        .putObject("flavor")
        .put("original_name", "t")
        .put("vcpus", 1)
        .put("ram", 128)
        .put("disk", 1);
    servers.put(id, server);
    return id;
  }

  /** How migrations go that are asked for from now on: one more of these with each look. */
  synchronized void migrationsGo(Look... looks) {
    script = List.of(looks);
  }

  /** The next change happens, and its answer never arrives. */
  synchronized void loseAnswers(int count) {
    answersToLose = count;
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      Answer answer;
      boolean lost;
      synchronized (this) {
        answer = answer(exchange);
        lost = !exchange.getRequestMethod().equals("GET") && answersToLose > 0;
        answersToLose -= lost ? 1 : 0;
      }
      if (lost) {
        return;
      }
      byte[] bytes = answer.body() == null ? new byte[0] : JSON.writeValueAsBytes(answer.body());
      exchange.getResponseHeaders().add("Content-Type", "application/json");
      exchange.sendResponseHeaders(answer.status(), bytes.length == 0 ? -1 : bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }

  private Answer answer(HttpExchange exchange) throws IOException {
    String method = exchange.getRequestMethod();
    String path = exchange.getRequestURI().getRawPath().replaceFirst("^/v2.1/admin/", "/v2.1/");
    byte[] bytes = exchange.getRequestBody().readAllBytes();
    JsonNode body = bytes.length == 0 ? JSON.nullNode() : JSON.readTree(bytes);
    heard.add(
        "%s %s%s".formatted(method, exchange.getRequestURI(), bytes.length == 0 ? "" : " " + body));
    try {
      if (!token.isEmpty()
          && !token.equals(exchange.getRequestHeaders().getFirst("X-Auth-Token"))) {
        throw new No(401, "The request you have made requires authentication.");
      }
      if (method.equals("GET")) {
        return route(exchange, method, path, body);
      }
      String key = exchange.getRequestHeaders().getFirst("Idempotency-Key");
      if (key == null
          || !"application/json".equals(exchange.getRequestHeaders().getFirst("Content-Type"))) {
        throw new No(400, "This fake takes no change without a key.");
      }
      @Nullable Answer before = answered.get(key);
      Answer now = before == null ? route(exchange, method, path, body) : before;
      answered.put(key, now);
      return now;
    } catch (No e) {
      ObjectNode no = JSON.createObjectNode();
      no.putObject("conflictingRequest").put("code", e.status).put("message", e.getMessage());
      return new Answer(e.status, no);
    }
  }

  private Answer route(HttpExchange exchange, String method, String path, JsonNode body) throws No {
    Map<String, String> query = query(exchange.getRequestURI().getRawQuery());
    String[] parts = path.substring(1).split("/", -1);
    String what = method + " " + parts[0] + "/" + (parts.length > 1 ? parts[1] : "");
    return switch (what) {
      case "GET v2.1/servers" ->
          parts[2].equals("detail")
              ? list(query)
              : parts.length == 4
                  ? numbers(parts[2])
                  : new Answer(200, JSON.createObjectNode().set("server", find(parts[2])));
      case "POST v2.1/servers" -> act(find(parts[2]), body, exchange);
      case "GET v1/migrations" ->
          parts.length == 2
              ? migrations(query)
              : colds.containsKey(parts[2]) && parts.length == 4
                  ? new Answer(
                      200, JSON.createObjectNode().set("receipt", colds.get(parts[2]).receipt()))
                  : migration(parts[2]).look(parts);
      case "GET v1/cold-migrations" -> FakeColdMigration.list(this, query);
      case "POST v1/migrations" ->
          parts.length == 2 ? start(body) : migration(parts[2]).end(parts[3]);
      case "PATCH v1/migrations" -> migration(parts[2]).steer(body);
      case "GET v1/drains", "POST v1/drains", "PATCH v1/drains", "POST v1/rebalance" ->
          drains.answer(method, parts, exchange.getRequestURI().getRawQuery(), body);
      case "POST v1/hosts" -> drains.relieve(parts[2], body);
      case "GET v1/decisions" -> FakeScheduling.decided(parts[2]);
      case "POST v1/preflight" -> FakeScheduling.preflight(this, body);
      case "GET v1/audit" -> disks.audit(query);
      case "GET v1/servers", "POST v1/servers", "PATCH v1/servers" ->
          parts.length == 4 && parts[3].equals("decisions")
              ? FakeScheduling.decided(find(parts[2]).path("id").asString())
              : disks.answer(method, find(parts[2]), parts, body);
      default -> throw new No(404, "Not Found");
    };
  }

  private static Map<String, String> query(@Nullable String raw) {
    Map<String, String> query = new HashMap<>();
    for (String pair : raw == null ? new String[0] : raw.split("&")) {
      String[] parts = pair.split("=", 2);
      query.put(parts[0], URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
    }
    return query;
  }

  ObjectNode find(String id) throws No {
    @Nullable ObjectNode server = servers.get(id);
    if (server == null) {
      throw new No(404, "Instance %s could not be found.".formatted(id));
    }
    return server;
  }

  private FakeMigration migration(String uuid) throws No {
    if (!admin) {
      throw new No(403, "Policy doesn't allow tern:migrations:show to be performed.");
    }
    @Nullable FakeMigration migration = migrations.get(uuid);
    if (migration == null) {
      throw new No(404, "Migration %s could not be found.".formatted(uuid));
    }
    return migration;
  }

  private Answer list(Map<String, String> query) throws No {
    if (query.containsKey("all_tenants") && !admin) {
      throw new No(403, "Policy doesn't allow servers:index:get_all_tenants to be performed.");
    }
    Pattern name = Pattern.compile(query.getOrDefault("name", ""));
    List<ObjectNode> found = new ArrayList<>();
    boolean passed = !query.containsKey("marker");
    for (ObjectNode server : servers.values()) {
      if (passed
          && name.matcher(server.path("name").asString()).find()
          && server
              .path("OS-EXT-SRV-ATTR:host")
              .asString("")
              .contains(query.getOrDefault("host", ""))) {
        found.add(server);
      }
      passed |= server.path("id").asString().equals(query.get("marker"));
    }
    ObjectNode body = JSON.createObjectNode();
    ArrayNode page = body.putArray("servers");
    found.stream().limit(Long.parseLong(query.getOrDefault("limit", "1000"))).forEach(page::add);
    return new Answer(200, body);
  }

  private Answer numbers(String id) throws No {
    find(id);
    ObjectNode body = JSON.createObjectNode();
    ArrayNode all = body.putArray("migrations");
    int number = 0;
    for (FakeMigration migration : migrations.values()) {
      number++;
      if (migration.of(id) && !migration.over()) {
        all.addObject().put("id", number).put("uuid", migration.uuid());
      }
    }
    return new Answer(200, body);
  }

  private Answer migrations(Map<String, String> query) throws No {
    if (!admin) {
      throw new No(403, "Policy doesn't allow tern:migrations:index to be performed.");
    }
    ObjectNode body = JSON.createObjectNode();
    ArrayNode all = body.putArray("migrations");
    List<FakeMigration> newest = new ArrayList<>(migrations.values()).reversed();
    newest.stream()
        .filter(one -> one.of(query.getOrDefault("server", "")))
        .filter(one -> !query.containsKey("in_progress") || !one.over())
        .limit(Long.parseLong(query.getOrDefault("limit", "1000")))
        .forEach(one -> all.add(one.shown()));
    return new Answer(200, body);
  }

  /** One that waits for its turn, or has come and waits for a word. */
  synchronized FakeColdMigration movesCold(String server, boolean came) {
    FakeColdMigration one = new FakeColdMigration(server, came);
    colds.put(one.uuid, one);
    return one;
  }

  private Answer act(ObjectNode server, JsonNode body, HttpExchange exchange) throws No {
    String action = body.propertyNames().iterator().next();
    return switch (action) {
      case "os-migrateLive" ->
          liveMigrate(
              server,
              body.path(action),
              exchange.getRequestHeaders().getFirst("OpenStack-API-Version"));
      case "os-start" -> power(server, "start", "ACTIVE");
      case "os-stop" -> power(server, "stop", "SHUTOFF");
      case "pause" -> power(server, "pause", "PAUSED");
      case "unpause" -> goesOn(server, "unpause", "PAUSED");
      case "suspend" -> power(server, "suspend", "SUSPENDED");
      case "resume" -> goesOn(server, "resume", "SUSPENDED");
      case "reboot" -> {
        String type = body.path(action).path("type").asString("");
        if (!type.equals("SOFT") && !type.equals("HARD")) {
          throw new No(400, "Invalid input for field/attribute type.");
        }
        if (type.equals("SOFT") && !server.path("status").asString().equals("ACTIVE")) {
          throw new No(409, "Cannot 'reboot' instance while it is in another vm_state");
        }
        yield new Answer(202, null);
      }
      case "os-getConsoleOutput" ->
          new Answer(200, JSON.createObjectNode().put("output", "login:\u001b[2J\nsecond\tline\n"));
      default -> throw new No(400, "There is no such action: " + action);
    };
  }

  private Answer liveMigrate(ObjectNode server, JsonNode asked, @Nullable String version)
      throws No {
    if (!"compute 2.30".equals(version)) {
      throw new No(400, "This fake waits for checks in version 2.30 only.");
    }
    if (!asked.has("host") || !asked.has("block_migration")) {
      throw new No(400, "Invalid input for field/attribute os-migrateLive.");
    }
    if (asked.path("force").asBoolean(false) && asked.path("host").isNull()) {
      throw new No(400, "Can't force to a non-provided destination");
    }
    FakeMigration made = accept(server, asked.path("host"));
    if (!failure.isEmpty()) {
      made.abandon();
      throw new No(400, failure);
    }
    return new Answer(202, null);
  }

  private static Answer goesOn(ObjectNode server, String word, String from) throws No {
    String status = server.path("status").asString();
    if (!status.equals(from)) {
      throw new No(
          409,
          "Cannot '%s' instance %s while it is in vm_state %s"
              .formatted(word, server.path("id").asString(), status.toLowerCase(Locale.ROOT)));
    }
    server.put("status", "ACTIVE");
    return new Answer(202, null);
  }

  private static Answer power(ObjectNode server, String word, String status) throws No {
    if (server.path("status").asString().equals(status)) {
      throw new No(
          409,
          "Cannot '%s' instance %s while it is in vm_state %s"
              .formatted(
                  word,
                  server.path("id").asString(),
                  status.equals("ACTIVE") ? "active" : "stopped"));
    }
    server.put("status", status);
    return new Answer(202, null);
  }

  private Answer start(JsonNode whole) throws No {
    if (!admin) {
      throw new No(403, "Policy doesn't allow tern:migrations:create to be performed.");
    }
    JsonNode body = whole.path("migration");
    refuseOthers(body, MIGRATION_FIELDS);
    ObjectNode server = find(body.path("server").asString(""));
    if (body.path("tunnelled").asBoolean(false)) {
      throw new No(409, "A tunnelled migration is not offered: streams are encrypted.");
    }
    checkPolicy(body.path("policy"));
    FakeMigration made = accept(server, body.path("host"));
    return new Answer(202, JSON.createObjectNode().set("migration", made.shown()));
  }

  private FakeMigration accept(ObjectNode server, JsonNode host) throws No {
    String id = server.path("id").asString();
    if (!server.path("status").asString().equals("ACTIVE")) {
      throw new No(
          409, "Cannot 'os-migrateLive' instance %s while it is in vm_state stopped".formatted(id));
    }
    if (server.path("OS-EXT-STS:task_state").isString()) {
      throw new No(
          409,
          "Cannot 'os-migrateLive' instance %s while it is in task_state migrating".formatted(id));
    }
    if (host.isString() && !Set.of("host-1", "host-2").contains(host.asString())) {
      throw new No(400, "Compute host %s could not be found.".formatted(host.asString()));
    }
    server.put("OS-EXT-STS:task_state", "migrating");
    FakeMigration made = new FakeMigration(this, server, script);
    migrations.put(made.uuid(), made);
    return made;
  }

  static void checkPolicy(JsonNode policy) throws No {
    refuseOthers(policy, POLICY_FIELDS);
    if (policy.path("at_deadline").asString("").equals("post-copy")
        && !policy.path("post_copy_allowed").asBoolean(false)) {
      throw new No(
          400,
          "Invalid input for field/attribute at_deadline. Value: post-copy. It needs post_copy_allowed.");
    }
    JsonNode bandwidth = policy.path("max_bandwidth");
    if (bandwidth.isNumber() && bandwidth.asLong() < 65536) {
      throw new No(400, "Invalid input for field/attribute max_bandwidth.");
    }
  }

  static void refuseOthers(JsonNode body, Set<String> known) throws No {
    for (String name : body.propertyNames()) {
      if (!known.contains(name)) {
        throw new No(
            400, "Additional properties are not allowed ('%s' was unexpected)".formatted(name));
      }
    }
  }
}
