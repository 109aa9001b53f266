package dev.tern.virt.qemu;

import dev.tern.virt.Guest.IncomingEndpoints;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** What an incoming guest was opened with: QEMU does not tell its exports' names afterwards. */
final class EndpointsFile {
  /** A file that says nothing of the stream's description is of a driver that had it read. */
  private static final JsonMapper JSON =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES).build();

  private final Path file;

  EndpointsFile(Path instance) {
    this.file = instance.resolve("incoming.json");
  }

  Optional<IncomingEndpoints> read() throws VirtException {
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(JSON.readValue(Files.readAllBytes(file), IncomingEndpoints.class));
    } catch (IOException | JacksonException e) {
      throw new VirtException(Kind.REFUSED, "%s cannot be read.".formatted(file), e);
    }
  }

  void write(IncomingEndpoints endpoints) throws VirtException {
    try {
      PrivateFile.write(file, JSON.writeValueAsBytes(endpoints));
    } catch (IOException e) {
      throw new VirtException(Kind.REFUSED, "%s cannot be written.".formatted(file), e);
    }
  }

  void delete() throws VirtException {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new VirtException(Kind.REFUSED, "%s cannot be removed.".formatted(file), e);
    }
  }
}
