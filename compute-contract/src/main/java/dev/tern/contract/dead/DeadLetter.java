package dev.tern.contract.dead;

import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A message that nobody could handle, as it was found at the broker.
 *
 * @param digest 64 hexadecimal digits; the same letter found twice has the same
 * @param queue it could not be handled in
 * @param routingKey it was sent with
 * @param type kind and type of the message, if that much of it can be read
 * @param reason a word, for counting
 * @param why a sentence
 * @param attempts how often it was delivered, at least 1
 * @param body as it came, or its beginning
 * @param bodyBytes length of the whole
 * @param diedAt by the clock of who put it away
 */
@SuppressWarnings("ArrayRecordComponent") // copied in and out, and compared by content
public record DeadLetter(
    String digest,
    String queue,
    String routingKey,
    Optional<String> type,
    String reason,
    String why,
    int attempts,
    Map<String, String> headers,
    byte[] body,
    long bodyBytes,
    Instant diedAt) {
  /** Nobody reads a longer message, so only the beginning of one is kept. */
  public static final int LONGEST_WHOLE = 4 << 20;

  public static final int LONGEST_BEGINNING = 64 << 10;

  public DeadLetter {
    headers = Map.copyOf(headers);
    body = body.clone();
  }

  @Override
  public byte[] body() {
    return body.clone();
  }

  /** Whether all of it is here, so that it can be sent again. */
  public boolean whole() {
    return bodyBytes == body.length;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof DeadLetter that
        && digest.equals(that.digest)
        && queue.equals(that.queue)
        && routingKey.equals(that.routingKey)
        && type.equals(that.type)
        && reason.equals(that.reason)
        && why.equals(that.why)
        && attempts == that.attempts
        && headers.equals(that.headers)
        && Arrays.equals(body, that.body)
        && bodyBytes == that.bodyBytes
        && diedAt.equals(that.diedAt);
  }

  @Override
  public int hashCode() {
    return Objects.hash(digest, queue, diedAt);
  }

  /** Without the body, which may hold secrets. */
  @Override
  public String toString() {
    return "DeadLetter[%s, queue=%s, type=%s, reason=%s]"
        .formatted(digest, queue, type.orElse("unknown"), reason);
  }
}
