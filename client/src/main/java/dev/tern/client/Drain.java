package dev.tern.client;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/** The emptying of a host, wherever it has got to. See docs/drain.md. */
public final class Drain {
  private static final Set<String> OVER =
      Set.of("planned", "drained", "done", "incomplete", "cancelled", "returned");

  private final Rest rest;
  private final Pace pace;
  private final String id;

  Drain(Rest rest, Pace pace, String id) {
    this.rest = rest;
    this.pace = pace;
    this.id = id;
  }

  public String id() {
    return id;
  }

  /** All that is known of it, as {@code GET /v1/drains/{id}} shows it. */
  public JsonNode report() throws IOException, InterruptedException {
    return rest.get(path("")).path("drain");
  }

  private String path(String end) throws RefusedException {
    return "/v1/drains/" + Rest.segment("drain", id) + end;
  }

  /** Whether nothing more will happen with it by itself. */
  public static boolean isOver(JsonNode report) {
    return OVER.contains(report.path("state").asString(""));
  }

  /** Whether it ended as it was meant to. */
  public static boolean isDone(JsonNode report) {
    return isOver(report) && !report.path("state").asString("").equals("incomplete");
  }

  /**
   * Asks for one of {@code pause}, {@code resume}, {@code cancel} and {@code return}.
   *
   * @return what it is from then on
   */
  public JsonNode order(String word) throws IOException, InterruptedException {
    return rest.post(path("/" + word), Map.of()).path("drain");
  }

  /** As {@code cancel}, and what moves is asked to end at home. */
  public JsonNode abort() throws IOException, InterruptedException {
    return rest.post(path("/cancel?abort=true"), Map.of()).path("drain");
  }

  /** Other wishes from now on; what is not named stays. */
  public JsonNode change(Object wishes) throws IOException, InterruptedException {
    return rest.patch(path(""), wishes).path("drain");
  }

  /** Waits until its plan is made, or it is over. */
  public JsonNode awaitPlan(Duration longest) throws IOException, InterruptedException {
    return new Waiting(pace, longest)
        .until(
            "drain %s has no plan yet".formatted(id),
            this::report,
            report -> isOver(report) || report.path("plan").isObject(),
            report -> {});
  }

  /**
   * Waits until it is over, well or not; the drain goes on when the waiting ends.
   *
   * @param seen hears of each report, twice a second
   */
  public JsonNode await(Duration longest, Consumer<JsonNode> seen)
      throws IOException, InterruptedException {
    return new Waiting(pace, longest)
        .until("drain %s goes on".formatted(id), this::report, Drain::isOver, seen);
  }
}
