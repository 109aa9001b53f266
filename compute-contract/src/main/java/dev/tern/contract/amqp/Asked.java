package dev.tern.contract.amqp;

/** What came of a question. */
public sealed interface Asked<A> {
  /** It was heard and answered. */
  record Answered<A>(A answer) implements Asked<A> {}

  /** What is known of who was asked. */
  enum Cause {
    /** The broker took the question, and nobody answered in time: as of one who is dead. */
    SILENT,
    /** The broker did not take it, or the way to it broke: that says nothing of who was asked. */
    NO_BROKER,
    /** Somebody is there and refused to read it, or answered what cannot be read. */
    NOT_UNDERSTOOD
  }

  /**
   * Unknown: it may have been heard and acted on, or not. Never a failure of what was asked for.
   *
   * @param reason for people
   */
  record NoAnswer<A>(String reason, Cause cause) implements Asked<A> {
    /** The broker was there, and nobody answered. */
    public NoAnswer(String reason) {
      this(reason, Cause.SILENT);
    }
  }
}
