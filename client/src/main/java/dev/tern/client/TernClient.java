package dev.tern.client;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/**
 * Tern over its REST API. Every method throws {@link RefusedException} with the API's own reason
 * when it says no, and {@link NoAnswerException} when nobody knows.
 */
public final class TernClient {
  private static final int NOT_FOUND = 404;
  private static final int FORBIDDEN = 403;
  private static final int PAGE = 500;
  private static final Pattern UUIDS =
      Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");

  private final Rest rest;
  private final Pace pace;

  public TernClient(Endpoint endpoint, Pace pace) {
    this(endpoint, Trust.USUAL, pace);
  }

  /** See the parameters; for who has a token, or needs none. */
  public TernClient(Endpoint endpoint, Trust trust, Pace pace) {
    this.rest = new Rest(endpoint, Optional.empty(), trust, pace, UUID::randomUUID);
    this.pace = pace;
  }

  /**
   * See the parameters.
   *
   * @param login to get another token with when the endpoint's is good no longer
   */
  public TernClient(Endpoint endpoint, Optional<Login> login, Pace pace) {
    Trust trust = login.map(Login::trust).orElse(Trust.USUAL);
    this.rest = new Rest(endpoint, login, trust, pace, UUID::randomUUID);
    this.pace = pace;
  }

  /**
   * Without a token, to e.g. {@code http://127.0.0.1:8774/v2.1}. Nothing is sent yet.
   *
   * @throws IllegalArgumentException when this is no endpoint
   */
  public static TernClient connect(String address) {
    return new TernClient(Endpoint.of(address, Optional.empty()), Pace.REAL);
  }

  /**
   * Finds a server by its id, or by its name if only one has it.
   *
   * @throws RefusedException when there is none, or there are several, whose ids it lists
   */
  public Server server(String idOrName) throws IOException, InterruptedException {
    if (UUIDS.matcher(idOrName).matches()) {
      try {
        return shown(rest.get(rest.compute("/servers/" + idOrName)).path("server"));
      } catch (RefusedException e) {
        if (e.status() != NOT_FOUND) {
          throw e;
        }
      }
    }
    List<JsonNode> named =
        named(idOrName).stream()
            .filter(server -> server.path("name").asString("").equals(idOrName))
            .toList();
    if (named.isEmpty()) {
      throw new RefusedException(
          NOT_FOUND, "No server has the id or the name '%s'.".formatted(idOrName));
    }
    if (named.size() > 1) {
      throw new RefusedException(
          0,
          "%d servers have the name '%s'; name one by its id: %s"
              .formatted(
                  named.size(),
                  idOrName,
                  named.stream()
                      .map(server -> server.path("id").asString(""))
                      .sorted()
                      .collect(Collectors.joining(", "))));
    }
    return shown(named.getFirst());
  }

  private Server shown(JsonNode facts) {
    return new Server(rest, pace, facts);
  }

  /** Of all projects, where the caller may see them. */
  private List<JsonNode> named(String name) throws IOException, InterruptedException {
    if (name.isEmpty()) {
      return List.of();
    }
    String exactly = "^" + name.replaceAll("([^\\p{L}\\p{N}_-])", "\\\\$1") + "$";
    try {
      return servers(Map.of("name", exactly, "all_tenants", "1"));
    } catch (RefusedException e) {
      if (e.status() != FORBIDDEN) {
        throw e;
      }
      return servers(Map.of("name", exactly));
    }
  }

  /** All servers that these filters of Nova's let through, as the API shows them. */
  public List<JsonNode> servers(Map<String, String> filters)
      throws IOException, InterruptedException {
    return pages(rest.compute("/servers/detail"), "servers", "id", filters, Integer.MAX_VALUE);
  }

  /** The newest migrations that the filters of {@code /v1/migrations} let through. */
  public List<JsonNode> migrations(Map<String, String> filters, int most)
      throws IOException, InterruptedException {
    return pages("/v1/migrations", "migrations", "uuid", filters, most);
  }

  /** The newest that the filters of {@code /v1/cold-migrations} let through. */
  public List<JsonNode> coldMigrations(Map<String, String> filters, int most)
      throws IOException, InterruptedException {
    return pages("/v1/cold-migrations", "cold_migrations", "uuid", filters, most);
  }

  private List<JsonNode> pages(
      String path, String name, String key, Map<String, String> filters, int most)
      throws IOException, InterruptedException {
    String query =
        filters.entrySet().stream()
            .map(filter -> "&" + filter.getKey() + "=" + Rest.query(filter.getValue()))
            .sorted()
            .collect(Collectors.joining());
    List<JsonNode> all = new ArrayList<>();
    String marker = "";
    while (true) {
      int asked = Math.min(PAGE, most - all.size());
      JsonNode page = rest.get("%s?limit=%d%s%s".formatted(path, asked, query, marker)).path(name);
      page.forEach(all::add);
      if (page.size() < asked || all.size() >= most) {
        return all;
      }
      marker = "&marker=" + Rest.query(all.getLast().path(key).asString(""));
    }
  }

  /**
   * Empties a host, as {@code POST /v1/drains} has it; the same drain when one empties it already.
   */
  public Drain drain(Map<String, ?> asked) throws IOException, InterruptedException {
    JsonNode drain = rest.post("/v1/drains", asked).path("drain");
    return drain(drain.path("id").asString(""));
  }

  /** Evens out all hosts, as {@code POST /v1/rebalance} has it; the same job when one does. */
  public Drain rebalance(Map<String, ?> asked) throws IOException, InterruptedException {
    return drain(rest.post("/v1/rebalance", asked).path("drain").path("id").asString(""));
  }

  /**
   * Relieves a host, as {@code POST /v1/hosts/{host}/relieve} has it; the same job when one does.
   */
  public Drain relieve(String host, Map<String, ?> asked) throws IOException, InterruptedException {
    String path = "/v1/hosts/%s/relieve".formatted(Rest.segment("host", host));
    return drain(rest.post(path, asked).path("drain").path("id").asString(""));
  }

  /** A drain by its id; it is looked up when something is asked of it. */
  public Drain drain(String id) {
    return new Drain(rest, pace, id);
  }

  /**
   * The newest drains.
   *
   * @param dryRuns also those that only plan
   */
  public List<JsonNode> drains(int most, boolean dryRuns) throws IOException, InterruptedException {
    Map<String, String> query = dryRuns ? Map.of("dry_runs", "true") : Map.of();
    return pages("/v1/drains", "drains", "id", query, most);
  }

  /** Why the servers of a request went where they went, or nowhere. */
  public List<JsonNode> decisionsOf(String request) throws IOException, InterruptedException {
    return decisions("/v1/decisions/" + Rest.segment("request", request));
  }

  /** The latest decisions about a server, the last first. */
  public List<JsonNode> decisionsAbout(Server server) throws IOException, InterruptedException {
    return decisions("/v1/servers/" + server.id() + "/decisions");
  }

  private List<JsonNode> decisions(String path) throws IOException, InterruptedException {
    List<JsonNode> all = new ArrayList<>();
    rest.get(path).path("decisions").forEach(all::add);
    return all;
  }

  /** What migrations would come to, as {@code POST /v1/preflight} has it; nothing is changed. */
  public JsonNode preflight(Map<String, ?> asked) throws IOException, InterruptedException {
    return rest.post("/v1/preflight", asked).path("preflight");
  }

  /** A migration by its UUID; it is looked up when something is asked of it. */
  public Migration migration(String uuid) {
    return new Migration(rest, pace, uuid);
  }

  /**
   * The database held against one host, or against all of them, page by page.
   *
   * @return what each page says, as {@code GET /v1/audit} has it
   */
  public List<JsonNode> audit(Optional<String> host) throws IOException, InterruptedException {
    if (host.isPresent()) {
      return List.of(rest.get("/v1/audit?host=" + Rest.query(host.get())).path("audit"));
    }
    List<JsonNode> pages = new ArrayList<>();
    String marker = "";
    while (true) {
      JsonNode page = rest.get("/v1/audit?limit=50" + marker);
      JsonNode hosts = page.path("audit").path("hosts");
      pages.add(page.path("audit"));
      if (page.path("audit_links").isEmpty() || hosts.isEmpty()) {
        return pages;
      }
      marker = "&marker=" + Rest.query(hosts.get(hosts.size() - 1).path("host").asString(""));
    }
  }
}
