package dev.tern.standalone.chaos;

import dev.tern.contract.Pause;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.Patience;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import tools.jackson.databind.JsonNode;

/**
 * The host of the server is to be emptied. What fails is tried again by the drain, so that it ends
 * with the server elsewhere unless the guest has died.
 */
final class DrainRequest implements Request {
  private static final Duration SOON = Duration.ofSeconds(90);

  /** Tries rest longer and longer between them. */
  private static final Duration LONG = Duration.ofMinutes(6);

  private static final int CONFLICT = 409;

  private final ComputeClient api;
  private final MovingServer server;
  private final String host;
  private final List<String> before;
  private final String key = UUID.randomUUID().toString();
  private final Patience patience = new Patience(Pause.SLEEPING);
  private String drain = "";

  DrainRequest(ComputeClient api, MovingServer server) throws IOException, InterruptedException {
    this.api = api;
    this.server = server;
    this.host = server.host();
    this.before = server.migrations();
  }

  @Override
  public void ask() throws IOException, InterruptedException {
    drain = patience.until("a drain of " + host + " is accepted", SOON, this::asked);
  }

  private Optional<String> asked() throws IOException, InterruptedException {
    try {
      return MovingServer.asked(() ->
          Optional.of(
              api.post("/v1/drains", Map.of("host", host), key)
                  .path("drain")
                  .path("id")
                  .asString()));
    } catch (ComputeClient.Refused e) {
      String why = String.valueOf(e.getMessage());
      // Who has the key may be dead; the only other host may be silent for a while.
      if (e.status() == CONFLICT && (why.contains("Idempotency-Key") || why.contains("last"))) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private Optional<JsonNode> look() throws IOException, InterruptedException {
    return MovingServer.asked(() -> Optional.of(api.get("/v1/drains/" + drain).path("drain")));
  }

  @Override
  public boolean hasEnded() throws IOException, InterruptedException {
    return look().filter(now -> !now.path("ended_at").isNull()).isPresent();
  }

  @Override
  public String awaitEnd() throws IOException, InterruptedException {
    String state =
        patience.until(
            "the drain of " + host + " ends",
            LONG,
            () ->
                look()
                    .filter(now -> !now.path("ended_at").isNull())
                    .map(now -> now.path("state").asString()));
    return state.equals("drained") ? "completed" : state;
  }

  @Override
  public List<String> judge(boolean guestDied) throws IOException, InterruptedException {
    List<String> broken = new ArrayList<>();
    String again = patience.until("the same drain is answered", SOON, this::asked);
    if (!again.equals(drain)) {
      broken.add("one key made the drains %s and %s".formatted(drain, again));
    }
    JsonNode ended = patience.until("the drain is told", SOON, this::look);
    String state = ended.path("state").asString();
    if (!guestDied && !state.equals("drained")) {
      broken.add("the drain is %s: %s".formatted(state, ended.path("report").path("still_there")));
    }
    long completed = 0;
    for (JsonNode one :
        api.get("/v2.1/os-migrations?instance_uuid=" + server.id()).path("migrations")) {
      boolean its = !before.contains(one.path("uuid").asString());
      completed += its && one.path("status").asString().equals("completed") ? 1 : 0;
    }
    if (!guestDied && completed != 1) {
      broken.add("the drain moved the server %d times".formatted(completed));
    }
    open();
    return broken;
  }

  /** The host takes servers again. */
  private void open() throws IOException, InterruptedException {
    for (JsonNode service :
        api.get("/v2.1/os-services?binary=nova-compute&host=" + host).path("services")) {
      var _ =
          api.put(
              "/v2.1/os-services/" + service.path("id").asString(), Map.of("status", "enabled"));
    }
  }

  @Override
  public List<String> migrations() throws IOException, InterruptedException {
    List<String> made = new ArrayList<>(server.migrations());
    made.removeAll(before);
    return made;
  }
}
