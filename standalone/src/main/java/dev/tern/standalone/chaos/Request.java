package dev.tern.standalone.chaos;

import java.io.IOException;
import java.util.List;

/** What makes the server of a round move. */
interface Request {
  /** Asks until that is answered, always with one key. */
  void ask() throws IOException, InterruptedException;

  /** Whether nothing more will happen; not while the API does not answer. */
  boolean hasEnded() throws IOException, InterruptedException;

  /** How it ended; {@code completed} when the server is where it was to go. */
  String awaitEnd() throws IOException, InterruptedException;

  /** What did not hold of the request itself, once all has settled. */
  List<String> judge(boolean guestDied) throws IOException, InterruptedException;

  /** Every migration it made. */
  List<String> migrations() throws IOException, InterruptedException;
}
