package dev.tern.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Notes about a server's copies and snapshots, durable: {@code copies/ID.json} and {@code
 * freezes/ID.json}.
 */
final class DiskNotes {
  private static final JsonMapper JSON =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();
  private static final String COPIES = "copies";
  private static final String FREEZES = "freezes";
  private static final String ENDING = ".json";

  private final Path instance;

  DiskNotes(Path instance) {
    this.instance = instance;
  }

  void write(CopyNote note) throws IOException {
    write(COPIES, note.order().id(), note);
  }

  void write(FreezeNote note) throws IOException {
    write(FREEZES, note.layer(), note);
  }

  private void write(String kind, UUID id, Object note) throws IOException {
    Durable.directory(instance.resolve(kind));
    Durable.write(file(kind, id), JSON.writeValueAsBytes(note));
  }

  Optional<CopyNote> copy(UUID id) throws IOException {
    return read(file(COPIES, id), CopyNote.class);
  }

  Optional<FreezeNote> freeze(UUID id) throws IOException {
    return read(file(FREEZES, id), FreezeNote.class);
  }

  List<CopyNote> copies() throws IOException {
    return all(COPIES, CopyNote.class);
  }

  List<FreezeNote> freezes() throws IOException {
    return all(FREEZES, FreezeNote.class);
  }

  private <T> List<T> all(String kind, Class<T> type) throws IOException {
    Path directory = instance.resolve(kind);
    List<T> all = new ArrayList<>();
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      return all;
    }
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : (Iterable<Path>) files.sorted()::iterator) {
        if (file.getFileName().toString().endsWith(ENDING)) {
          read(file, type).ifPresent(all::add);
        }
      }
    }
    return all;
  }

  void forgetCopy(UUID id) throws IOException {
    Files.deleteIfExists(file(COPIES, id));
  }

  void forgetFreeze(UUID id) throws IOException {
    Files.deleteIfExists(file(FREEZES, id));
  }

  private Path file(String kind, UUID id) {
    return instance.resolve(kind).resolve(id + ENDING);
  }

  private static <T> Optional<T> read(Path file, Class<T> type) throws IOException {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return Optional.empty();
    }
    try {
      return Optional.of(JSON.readValue(Files.readAllBytes(file), type));
    } catch (JacksonException e) {
      throw new IOException("%s cannot be read".formatted(file.getFileName()), e);
    }
  }
}
