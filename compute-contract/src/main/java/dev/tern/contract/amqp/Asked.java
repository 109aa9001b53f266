package dev.tern.contract.amqp;

/** What came of a question. */
public sealed interface Asked<A> {
  /** It was heard and answered. */
  record Answered<A>(A answer) implements Asked<A> {}

  /**
   * Unknown: it may have been heard and acted on, or not. Never a failure of what was asked for.
   *
   * @param reason for people
   * @param noBroker the asker had no broker, so that this says nothing of whom it asked
   */
  record NoAnswer<A>(String reason, boolean noBroker) implements Asked<A> {
    /** The broker was there, and nobody answered. */
    public NoAnswer(String reason) {
      this(reason, false);
    }
  }
}
