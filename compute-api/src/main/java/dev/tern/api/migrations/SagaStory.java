package dev.tern.api.migrations;

import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.contract.Failure;
import dev.tern.store.SagaStore;
import dev.tern.store.TurnStore.Waiting;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** How something that takes several steps goes, for what it waits, and why it came to nothing. */
public final class SagaStory {
  private SagaStory() {}

  /** Every step that was begun, done, failed or taken back, oldest first. */
  public static ArrayNode of(UUID saga, SagaStore sagas) {
    ArrayNode lines = Json.array();
    for (SagaStore.LogLine line : sagas.log(saga)) {
      lines
          .addObject()
          .put("step", line.step())
          .put("what", line.what())
          .put("detail", line.detail())
          .put("at", Dates.micros(line.at()));
    }
    return lines;
  }

  /** {@code waiting}: null, or for what, and how many that want the same hosts were first. */
  public static void addWaiting(ObjectNode view, @Nullable Waiting queue) {
    if (queue == null) {
      view.putNull("waiting");
    } else {
      view.putObject("waiting").put("reason", queue.why()).put("ahead", queue.ahead());
    }
  }

  /** {@code failure}: null, or its code in Nova's words and the message. */
  public static void addFailure(ObjectNode view, Optional<Failure> failure) {
    failure.ifPresentOrElse(
        why ->
            view.putObject("failure")
                .put("code", why.code().novaName())
                .put("message", why.message()),
        () -> view.putNull("failure"));
  }
}
