package dev.tern.api.deadletters;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Dates;
import dev.tern.api.request.Json;
import dev.tern.api.request.Page;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.amqp.Undelivered;
import dev.tern.contract.dead.DeadLetter;
import dev.tern.store.DeadLetterStore;
import dev.tern.store.DeadLetterStore.KeptLetter;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /v1/dead-letters}, for administrators. */
@RestController
final class DeadLettersController {
  private static final Logger log = LoggerFactory.getLogger(DeadLettersController.class);

  private final DeadLetterStore letters;
  private final Resending resending;

  DeadLettersController(DeadLetterStore letters, Resending resending) {
    this.letters = letters;
    this.resending = resending;
  }

  /** Newest first, page by page. */
  @GetMapping("/v1/dead-letters")
  ResponseEntity<JsonNode> list(ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:dead_letters:index");
    request.query().refuseOthers(Set.of("limit", "marker"));
    Page page = request.page();
    Optional<UUID> marker =
        page.marker().map(text -> parse(text).orElseThrow(() -> Refusals.noMarker(text)));
    List<KeptLetter> found = page.limit() == 0 ? List.of() : letters.list(marker, page.limit());
    ObjectNode body = Json.object();
    ArrayNode items = body.putArray("dead_letters");
    found.forEach(letter -> items.add(view(letter)));
    page.linkNext(body, "dead_letters_links", found, kept -> kept.id().toString(), request);
    return Json.ok(body);
  }

  @GetMapping("/v1/dead-letters/{id}")
  ResponseEntity<JsonNode> show(@PathVariable String id, ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:dead_letters:show");
    return Json.ok("dead_letter", view(find(id)));
  }

  /**
   * Sends it first and forgets it then: who dies in between leaves a letter that was sent, and
   * every handler bears to be told twice.
   */
  @PostMapping("/v1/dead-letters/{id}/resend")
  ResponseEntity<JsonNode> resend(@PathVariable String id, ApiRequest request)
      throws InterruptedException {
    request.caller().require(Role.ADMIN, "tern:dead_letters:resend");
    KeptLetter kept = find(id);
    DeadLetter letter = kept.letter();
    if (!sendable(letter)) {
      throw new ComputeException(
          ErrorCode.DEAD_LETTER_NOT_SENDABLE,
          "Dead letter %s cannot be sent again: %s. Discard it with DELETE."
              .formatted(
                  kept.id(),
                  letter.whole()
                      ? "its queue is none of this installation"
                      : "it is longer than any message may be, and was not kept whole"),
          null);
    }
    try {
      resending.send(letter);
    } catch (Undelivered e) {
      throw new ComputeException(
          ErrorCode.BROKER_NO_ANSWER,
          "Dead letter %s was not sent again, or not for certain, and is kept: %s. Try again later."
              .formatted(kept.id(), e.getMessage()),
          e);
    }
    log.atInfo()
        .addKeyValue("letter", kept.id())
        .addKeyValue("queue", letter.queue())
        .log("a dead letter was sent again");
    return request.once(() -> {
      boolean _ = letters.remove(kept.id());
      return Json.status(202, Json.object().set("dead_letter", view(kept)));
    });
  }

  @DeleteMapping("/v1/dead-letters/{id}")
  ResponseEntity<JsonNode> discard(@PathVariable String id, ApiRequest request) {
    request.caller().require(Role.ADMIN, "tern:dead_letters:delete");
    if (!letters.remove(parse(id).orElseThrow(() -> none(id)))) {
      throw none(id);
    }
    log.atInfo().addKeyValue("letter", id).log("a dead letter was discarded");
    return Json.empty(204);
  }

  private KeptLetter find(String id) {
    return parse(id).flatMap(letters::find).orElseThrow(() -> none(id));
  }

  private boolean sendable(DeadLetter letter) {
    return letter.bodyBytes() <= DeadLetter.LONGEST_WHOLE && resending.reachable(letter);
  }

  private ObjectNode view(KeptLetter kept) {
    DeadLetter letter = kept.letter();
    ObjectNode view =
        Json.object()
            .put("id", kept.id().toString())
            .put("queue", letter.queue())
            .put("routing_key", letter.routingKey());
    Json.putOrNull(view, "type", letter.type().orElse(null));
    view.put("reason", letter.reason())
        .put("why", Masked.of(letter.why()))
        .put("attempts", letter.attempts())
        .put("died_at", Dates.micros(letter.diedAt()))
        .put("found_at", Dates.micros(kept.foundAt()));
    ObjectNode headers = view.putObject("headers");
    letter
        .headers()
        .forEach(
            (name, value) -> headers.put(name, Masked.secret(name) ? "***" : Masked.of(value)));
    return view.put("body", Masked.of(letter.body(), DeadLetterStore.LONGEST_LISTED))
        .put("body_bytes", letter.bodyBytes())
        .put("body_is_whole", letter.bodyBytes() <= DeadLetterStore.LONGEST_LISTED)
        .put("resendable", sendable(letter));
  }

  private static Optional<UUID> parse(String text) {
    try {
      return Optional.of(UUID.fromString(text)).filter(id -> id.toString().equals(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static ComputeException none(String id) {
    return new ComputeException(
        ErrorCode.DEAD_LETTER_NOT_FOUND,
        "Dead letter %s could not be found.".formatted(Refusals.shortened(id)),
        null);
  }
}
