package dev.tern.agent;

import dev.tern.contract.move.MovePolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What must be known of a move from here after a restart of the agent: {@code move.json} beside the
 * instance. No promise is kept in it; those are in the journal.
 *
 * @param startedAtMillis when data began to move, by this host's clock
 * @param paused the guest was paused by its user then
 * @param forced it is to end whatever pause that costs
 * @param policy the one of the highest revision seen
 */
record MoveNote(
    long epoch, long startedAtMillis, boolean paused, boolean forced, MovePolicy policy) {
  static final String FILE = "move.json";
  private static final JsonMapper JSON = new JsonMapper();

  /**
   * The note of that epoch, if there is one.
   *
   * @throws IOException also when it is damaged
   */
  static Optional<MoveNote> read(Path instance, long epoch) throws IOException {
    Path file = instance.resolve(FILE);
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return Optional.empty();
    }
    try {
      return Optional.of(JSON.readValue(Files.readAllBytes(file), MoveNote.class))
          .filter(note -> note.epoch() == epoch);
    } catch (JacksonException e) {
      throw new IOException("%s is damaged".formatted(FILE), e);
    }
  }

  /** Returns when it is on the disk. */
  void write(Path instance) throws IOException {
    Durable.write(instance.resolve(FILE), JSON.writeValueAsBytes(this));
  }

  /** The move of that epoch is over. Harmless when there is no note of it. */
  static void remove(Path instance, long epoch) throws IOException {
    if (read(instance, epoch).isPresent()) {
      Files.deleteIfExists(instance.resolve(FILE));
    }
  }

  MoveNote with(MovePolicy other) {
    return other.revision() > policy.revision()
        ? new MoveNote(epoch, startedAtMillis, paused, forced, other)
        : this;
  }

  MoveNote toBeForced() {
    return new MoveNote(epoch, startedAtMillis, paused, true, policy);
  }
}
