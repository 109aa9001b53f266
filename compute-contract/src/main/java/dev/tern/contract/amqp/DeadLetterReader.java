package dev.tern.contract.amqp;

import dev.tern.contract.dead.DeadLetter;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageProperties;

/**
 * Reads what the dead queue has: letters put there by {@link DeadLetters}, and by the broker when a
 * message had been tried too often. Whatever else somebody put there is a letter too, of which
 * little is known.
 */
final class DeadLetterReader {
  private static final String X_DEATH = "x-death";

  /** The broker's word. */
  private static final String TRIED_TOO_OFTEN = "delivery_limit";

  private static final int LONGEST_TEXT = 500;
  private static final int MOST_HEADERS = 50;
  private static final Instant LATEST = Instant.parse("9999-01-01T00:00:00Z");
  private static final Clock CLOCK = Clock.systemUTC();

  private final String deadQueue;

  DeadLetterReader(String deadQueue) {
    this.deadQueue = deadQueue;
  }

  DeadLetter read(Message message) {
    MessageProperties properties = message.getMessageProperties();
    Map<String, @Nullable Object> all = properties.getHeaders();
    Map<?, ?> death = death(all);
    boolean parked = all.get(DeadLetters.QUEUE) != null;
    String why =
        text(all.get(DeadLetters.REASON))
            .orElseGet(() ->
                text(death.get("reason"))
                    .map(reason -> "The broker put it away: " + reason + ".")
                    .orElse("Nobody says why."));
    String reason =
        parked
            ? why.split(":", 2)[0]
            : text(death.get("reason")).orElse("unknown").toUpperCase(java.util.Locale.ROOT);
    String queue =
        text(all.get(DeadLetters.QUEUE)).or(() -> text(death.get("queue"))).orElse(deadQueue);
    Optional<Instant> at = at(all, death);
    byte[] body = message.getBody();
    return new DeadLetter(
        digest(queue, at.orElse(Instant.EPOCH), all.get(DeadLetters.ID), body),
        queue,
        text(all.get(DeadLetters.ROUTING_KEY)).or(() -> key(death)).orElse(queue),
        Wire.typeOf(body),
        word(reason),
        why,
        text(death.get("reason")).filter(TRIED_TOO_OFTEN::equals).isPresent()
            ? Topology.DELIVERY_LIMIT + 1
            : 1,
        headers(all),
        body.length > DeadLetter.LONGEST_WHOLE
            ? Arrays.copyOf(body, DeadLetter.LONGEST_BEGINNING)
            : body,
        body.length,
        at.orElseGet(CLOCK::instant));
  }

  /** The newest of the broker's notes, or nothing. */
  private static Map<?, ?> death(Map<String, @Nullable Object> headers) {
    return headers.get(X_DEATH) instanceof List<?> deaths
            && !deaths.isEmpty()
            && deaths.getFirst() instanceof Map<?, ?> newest
        ? newest
        : Map.of();
  }

  private static Optional<String> key(Map<?, ?> death) {
    return death.get("routing-keys") instanceof List<?> keys && !keys.isEmpty()
        ? text(keys.getFirst())
        : Optional.empty();
  }

  /** Only a time that the database can keep; it may be a stranger's. */
  private static Optional<Instant> at(Map<String, @Nullable Object> headers, Map<?, ?> death) {
    Optional<Instant> named =
        headers.get(DeadLetters.PARKED_AT) instanceof Long millis
            ? Optional.of(Instant.ofEpochMilli(millis))
            : death.get("time") instanceof Date date
                ? Optional.of(date.toInstant())
                : Optional.empty();
    return named.filter(at -> at.isAfter(Instant.EPOCH) && at.isBefore(LATEST));
  }

  private static Map<String, String> headers(Map<String, @Nullable Object> all) {
    Map<String, String> kept = new TreeMap<>();
    all.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .limit(MOST_HEADERS)
        .forEach(each -> kept.put(cut(each.getKey()), cut(String.valueOf(each.getValue()))));
    return kept;
  }

  private static Optional<String> text(@Nullable Object value) {
    return Optional.ofNullable(value).map(Object::toString).map(DeadLetterReader::cut);
  }

  /** PostgreSQL takes no zero in a text, and a log no line of somebody else's. */
  private static String cut(String text) {
    String plain = text.replaceAll("\\p{Cntrl}", "?");
    return plain.length() <= LONGEST_TEXT ? plain : plain.substring(0, LONGEST_TEXT) + "...";
  }

  /** A tag of a metric: never a stranger's text. */
  private static String word(String reason) {
    return reason.matches("[A-Z_]{1,40}") ? reason : "OTHER";
  }

  /** Without a time, two letters alike are one. */
  private static String digest(String queue, Instant at, @Nullable Object id, byte[] body) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update((queue + "\n" + at + "\n" + id + "\n").getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest.digest(body));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
