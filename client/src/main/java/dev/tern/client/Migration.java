package dev.tern.client;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A live migration, wherever it has got to. */
public final class Migration {
  private static final Set<String> OVER = Set.of("completed", "error", "failed", "cancelled");

  private final Rest rest;
  private final Pace pace;
  private final String uuid;

  Migration(Rest rest, Pace pace, String uuid) {
    this.rest = rest;
    this.pace = pace;
    this.uuid = uuid;
  }

  public String uuid() {
    return uuid;
  }

  /** All that is known of it, as {@code GET /v1/migrations/{uuid}} shows it. */
  public JsonNode report() throws IOException, InterruptedException {
    return rest.get(path("")).path("migration");
  }

  private String path(String end) throws RefusedException {
    return "/v1/migrations/" + Rest.segment("migration", uuid) + end;
  }

  /** Whether nothing more will happen with it. */
  public static boolean isOver(JsonNode report) {
    return OVER.contains(report.path("status").asString(""));
  }

  /** Whether its guest runs at the destination now. */
  public static boolean isCompleted(JsonNode report) {
    return report.path("status").asString("").equals("completed");
  }

  /** Waits until its checks are over, or itself; answers the report then. */
  public JsonNode awaitChecked(Duration longest) throws IOException, InterruptedException {
    return new Waiting(pace, longest)
        .until(
            "the checks of migration %s go on".formatted(uuid),
            this::report,
            report -> isOver(report) || report.path("checked").asBoolean(false),
            report -> {});
  }

  /**
   * Waits until it is over, well or not; the migration goes on when the waiting ends.
   *
   * @param seen hears of each report, twice a second
   * @return the last report
   * @throws LateException when it was not over in time
   */
  public JsonNode await(Duration longest, Consumer<JsonNode> seen)
      throws IOException, InterruptedException {
    return new Waiting(pace, longest)
        .until("migration %s goes on".formatted(uuid), this::report, Migration::isOver, seen);
  }

  /** As {@link #await(Duration, Consumer)}, heard by nobody. */
  public JsonNode await(Duration longest) throws IOException, InterruptedException {
    return await(longest, report -> {});
  }

  /** Asks for its end; the guest stays at home. Refused once the guest has been handed over. */
  public JsonNode abort() throws IOException, InterruptedException {
    return rest.post(path("/abort"), Map.of()).path("migration");
  }

  /** Asks that it be completed now, at whatever pause that takes. */
  public JsonNode forceComplete() throws IOException, InterruptedException {
    return rest.post(path("/force-complete"), Map.of()).path("migration");
  }

  /** Changes its policy while it runs; what is not named stays. */
  public JsonNode steer(Map<String, ? extends @Nullable Object> policy)
      throws IOException, InterruptedException {
    return rest.patch(path(""), Map.of("policy", policy)).path("migration");
  }

  /** Every object made for it on every host, with its end. */
  public JsonNode receipt() throws IOException, InterruptedException {
    return rest.get(path("/receipt")).path("receipt");
  }
}
