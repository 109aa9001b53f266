package dev.tern.store;

import java.time.Duration;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Keys that clients give their requests, and what was answered. The work of a request with a key
 * and the first form of its answer are one transaction, so that who dies at any moment has done all
 * of it and answered, or nothing.
 *
 * <p>A request holds its key for a while. One that has not ended by then is taken for dead, and the
 * next with the same key takes over: it gets the answer if the work was done, and does it if not.
 * Work of one that was only slow is refused by its token, as a lease's is.
 */
public interface IdempotencyStore {
  /**
   * Takes the key for a request, or says who has it. Of several at once one gets it.
   *
   * @param fingerprint of the request, 64 hexadecimal digits
   * @param hold until another request with the key may take over
   * @param keep until the key is forgotten; counted from now
   */
  Claim claim(RequestKey key, String fingerprint, Duration hold, Duration keep);

  /**
   * Does the work and keeps its answer, in one transaction: other stores' methods take part in it.
   * What the work throws is thrown, and nothing is left of the work then.
   *
   * @throws KeyTakenOverException when the hold had ended and another request has the key; the work
   *     is not begun
   * @throws IllegalStateException when this request has done its work already
   */
  <T> T settle(Held held, Supplier<T> work, Function<T, Answer> answer);

  /** Ends the request with its final answer. Nothing happens when another has taken over. */
  void finish(Held held, Answer answer);

  /**
   * Ends the request without an answer: the key is free again, unless work was done; then it has
   * the answer that the work left. Nothing happens when another has taken over.
   */
  void giveUp(Held held);

  /**
   * Forgets keys whose time is over.
   *
   * @return how many, at most {@code most}
   */
  int purge(int most);

  /** A key is its caller's own. */
  record RequestKey(String project, String caller, String value) {}

  /**
   * What a client is told.
   *
   * @param status 200 to 499
   * @param body empty when there is none
   */
  record Answer(int status, Map<String, String> headers, String body) {
    public Answer {
      headers = Map.copyOf(headers);
    }
  }

  /** The right to work for a key. */
  record Held(RequestKey key, long token) {}

  /** What became of a claim. */
  sealed interface Claim {
    /** The key is this request's. */
    record Mine(Held held) implements Claim {}

    /** The same request was answered already. */
    record Answered(Answer answer) implements Claim {}

    /** The same request is under way. */
    record UnderWay() implements Claim {}

    /** The key is another request's. */
    record Different() implements Claim {}
  }

  /** The request took longer than its hold, and another one has its key. */
  final class KeyTakenOverException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    KeyTakenOverException(RequestKey key) {
      super("the idempotency key %s was taken over by a later request".formatted(key.value()));
    }
  }
}
