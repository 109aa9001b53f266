package dev.tern.client;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A copy of a disk to another file of its host, or to an NBD server. */
public final class DiskCopy {
  private static final Set<String> OVER = Set.of("pivoted", "finished", "cancelled", "failed");

  private final Rest rest;
  private final Pace pace;
  private final String path;
  private final String id;

  DiskCopy(Rest rest, Pace pace, String path, String id) {
    this.rest = rest;
    this.pace = pace;
    this.path = path;
    this.id = id;
  }

  public String id() {
    return id;
  }

  /** How far it is, as the API shows it. */
  public JsonNode facts() throws IOException, InterruptedException {
    return rest.get(path).path("copy");
  }

  /** Whether nothing more will happen with it. */
  public static boolean isOver(JsonNode facts) {
    return OVER.contains(facts.path("status").asString(""));
  }

  /** Whether copy and disk are alike, or have been. */
  public static boolean isReady(JsonNode facts) {
    return facts.path("ready").asBoolean(false);
  }

  /**
   * Waits until it is over; with {@code orReady}, at the latest until copy and disk are alike.
   *
   * @throws LateException when it was not in time; the copy goes on
   */
  public JsonNode await(Duration longest, boolean orReady, Consumer<JsonNode> seen)
      throws IOException, InterruptedException {
    return new Waiting(pace, longest)
        .until(
            "copy %s goes on".formatted(id),
            this::facts,
            facts -> isOver(facts) || (orReady && isReady(facts)),
            seen);
  }

  /** The guest goes on with the copy. */
  public JsonNode pivot() throws IOException, InterruptedException {
    return end("pivot");
  }

  /** The guest stays; the copy is the disk at this moment. */
  public JsonNode finish() throws IOException, InterruptedException {
    return end("finish");
  }

  /** The guest stays, and the copy goes. */
  public JsonNode cancel() throws IOException, InterruptedException {
    return end("cancel");
  }

  private JsonNode end(String how) throws IOException, InterruptedException {
    return rest.post(path + "/" + how, Map.of()).path("copy");
  }

  /** Bytes a second; null is no limit. */
  public JsonNode limit(@Nullable Long bandwidth) throws IOException, InterruptedException {
    java.util.Map<String, @Nullable Object> body = new java.util.HashMap<>();
    body.put("bandwidth", bandwidth);
    return rest.patch(path, body).path("copy");
  }
}
