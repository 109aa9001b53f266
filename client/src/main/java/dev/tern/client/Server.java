package dev.tern.client;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A server, as it was when it was looked up. */
public final class Server {
  /** The last version at which the answer to a live migration waits for its checks. */
  private static final String CHECKED_VERSION = "2.30";

  private final Rest rest;
  private final Pace pace;
  private final JsonNode facts;

  Server(Rest rest, Pace pace, JsonNode facts) {
    this.rest = rest;
    this.pace = pace;
    this.facts = facts;
  }

  /** As {@code GET /servers/{id}} shows it. */
  public JsonNode facts() {
    return facts;
  }

  public String id() {
    return facts.path("id").asString("");
  }

  public String name() {
    return facts.path("name").asString("");
  }

  /** To wherever the scheduler finds room, as the hosts' settings say. */
  public Migration migrate() throws IOException, InterruptedException {
    return migrate(Map.of());
  }

  /**
   * Starts a live migration. Accepted means that the server is locked for it; its checks follow.
   *
   * @param wishes {@code host}, {@code policy}, {@code streams}, {@code disks} as {@code POST
   *     /v1/migrations} takes them
   */
  public Migration migrate(Map<String, ? extends @Nullable Object> wishes)
      throws IOException, InterruptedException {
    Map<String, @Nullable Object> migration = new HashMap<>(wishes);
    migration.put("server", id());
    JsonNode accepted = rest.post("/v1/migrations", Map.of("migration", migration));
    return new Migration(rest, pace, accepted.path("migration").path("uuid").asString(""));
  }

  /**
   * Nova's own call. Returns once the checks are over, and the server moves.
   *
   * @param host where to, or null for the scheduler's choice
   * @throws RefusedException also when a check refuses it
   */
  public void liveMigrate(@Nullable String host, boolean blockMigration, boolean force)
      throws IOException, InterruptedException {
    Map<String, @Nullable Object> action = new HashMap<>();
    action.put("host", host);
    action.put("block_migration", blockMigration ? true : "auto");
    if (force) {
      action.put("force", true);
    }
    rest.change("POST", own("/action"), Map.of("os-migrateLive", action), CHECKED_VERSION);
  }

  /** The migration that runs now, if one does. */
  public Optional<Migration> migrationUnderWay() throws IOException, InterruptedException {
    return newest("&in_progress=true");
  }

  /** The newest of all its migrations. */
  public Optional<Migration> lastMigration() throws IOException, InterruptedException {
    return newest("");
  }

  private Optional<Migration> newest(String filter) throws IOException, InterruptedException {
    JsonNode found =
        rest.get("/v1/migrations?limit=1&server=" + Rest.query(id()) + filter)
            .path("migrations")
            .path(0);
    return found.isObject()
        ? Optional.of(new Migration(rest, pace, found.path("uuid").asString("")))
        : Optional.empty();
  }

  /** Its migrations under way, with the numbers that Nova's clients know them by. */
  public JsonNode numberedMigrations() throws IOException, InterruptedException {
    return rest.get(own("/migrations")).path("migrations");
  }

  /** Its disks, as their host has them. */
  public JsonNode disks() throws IOException, InterruptedException {
    return rest.get(other("/disks")).path("disks");
  }

  /** The layers of a disk, the uppermost first. */
  public JsonNode chain(String disk) throws IOException, InterruptedException {
    return rest.get(other("/disks/" + Rest.segment("disk", disk) + "/chain")).path("chain");
  }

  /**
   * SHA-256 of all that the guest would read. Refused while the guest may write.
   *
   * @throws LateException when the host still reads; asking again goes on with the same reading
   */
  public JsonNode digest(String disk, Duration longest) throws IOException, InterruptedException {
    String path = other("/disks/" + Rest.segment("disk", disk) + "/digest");
    return new Waiting(pace, longest)
        .until(
            "the host still reads " + disk,
            () -> rest.get(path).path("digest"),
            digest -> digest.path("digest").isString(),
            digest -> {});
  }

  /** Starts a copy of a disk; {@code order} as {@code POST …/copy} takes it. */
  public DiskCopy copy(String disk, Map<String, ? extends @Nullable Object> order)
      throws IOException, InterruptedException {
    JsonNode accepted = rest.post(copies(disk), order).path("copy");
    return handle(disk, accepted);
  }

  private String copies(String disk) throws RefusedException {
    return other("/disks/" + Rest.segment("disk", disk) + "/copy");
  }

  private DiskCopy handle(String disk, JsonNode copy) throws RefusedException {
    String id = copy.path("id").asString("");
    return new DiskCopy(rest, pace, copies(disk) + "/" + Rest.segment("copy", id), id);
  }

  /** The copy of this disk that is not over, if there is one. */
  public Optional<DiskCopy> copyUnderWay(String disk) throws IOException, InterruptedException {
    for (JsonNode copy : rest.get(copies(disk)).path("copies")) {
      if (!DiskCopy.isOver(copy)) {
        return Optional.of(handle(disk, copy));
      }
    }
    return Optional.empty();
  }

  /** Asks for an action that says all by its name, as {@code os-start} or {@code pause}. */
  public void act(String name) throws IOException, InterruptedException {
    Map<String, @Nullable Object> action = new HashMap<>();
    action.put(name, null);
    rest.post(own("/action"), action);
  }

  /** Asks for its guest to begin anew, in good order or at once. */
  public void reboot(boolean hard) throws IOException, InterruptedException {
    rest.post(own("/action"), Map.of("reboot", Map.of("type", hard ? "HARD" : "SOFT")));
  }

  /** Waits until nothing is under way with it and it has a status; an ERROR ends the wait too. */
  public JsonNode await(String status, Duration longest) throws IOException, InterruptedException {
    return new Waiting(pace, longest)
        .until(
            "server %s is not %s yet".formatted(id(), status),
            () -> rest.get(own("")).path("server"),
            now ->
                now.path("OS-EXT-STS:task_state").isNull()
                    && (now.path("status").asString("").equals(status)
                        || now.path("status").asString("").equals("ERROR")),
            now -> {});
  }

  /** What its guest wrote to its console, the last lines of it. */
  public String console(Optional<Integer> lines) throws IOException, InterruptedException {
    Map<String, Object> length = lines.isPresent() ? Map.of("length", lines.get()) : Map.of();
    return rest.post(own("/action"), Map.of("os-getConsoleOutput", length))
        .path("output")
        .asString("");
  }

  private String own(String end) throws RefusedException {
    return rest.compute("/servers/" + Rest.segment("server", id()) + end);
  }

  private String other(String end) throws RefusedException {
    return "/v1/servers/" + Rest.segment("server", id()) + end;
  }
}
