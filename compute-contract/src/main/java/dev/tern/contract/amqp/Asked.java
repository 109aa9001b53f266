package dev.tern.contract.amqp;

/** What came of a question. */
public sealed interface Asked<A> {
  /** It was heard and answered. */
  record Answered<A>(A answer) implements Asked<A> {}

  /**
   * Unknown: it may have been heard and acted on, or not. Never a failure of what was asked for.
   *
   * @param reason for people
   */
  record NoAnswer<A>(String reason) implements Asked<A> {}
}
