package dev.tern.conductor.notifications;

/**
 * One notification to be sent.
 *
 * @param event the event type, as {@code instance.pause.start}
 * @param publisher the kind of service that Nova has it published by
 * @param host of that service
 * @param error whether it tells of a failure
 */
record Occasion(String event, Form form, String publisher, String host, boolean error) {
  /** Which payload it has. */
  enum Form {
    ACTION,
    CREATE,
    UPDATE,
    TASK
  }
}
