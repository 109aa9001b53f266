package dev.tern.system;

import dev.tern.contract.Pause;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.Patience;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** The first disk of a server and its copies, as the public API shows them. */
final class ServerDisk {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Patience PATIENT = new Patience(Pause.SLEEPING);

  private ServerDisk() {}

  static String copies(TestServer server) {
    return "/v1/servers/" + server.id() + "/disks/disk0/copy";
  }

  /** Asks for a copy. Answers its path. */
  static String copy(ComputeClient api, TestServer server, Map<String, Object> wanted)
      throws IOException, InterruptedException {
    return copies(server)
        + "/"
        + api.post(copies(server), wanted).path("copy").path("id").asString();
  }

  static JsonNode status(ComputeClient api, String copy, String field)
      throws IOException, InterruptedException {
    JsonNode now = api.get(copy).path("copy");
    if (now.path("status").asString().equals("failed")) {
      throw new IOException("the copy failed: " + now);
    }
    return now.path(field);
  }

  static JsonNode disk(ComputeClient api, TestServer server)
      throws IOException, InterruptedException {
    return api.get("/v1/servers/" + server.id() + "/disks").path("disks").path(0);
  }

  static List<JsonNode> chain(ComputeClient api, TestServer server)
      throws IOException, InterruptedException {
    return api.get("/v1/servers/" + server.id() + "/disks/disk0/chain")
        .path("chain")
        .path("layers")
        .valueStream()
        .toList();
  }

  static String sha256(Path file) throws Exception {
    MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), sha256)) {
      in.transferTo(OutputStream.nullOutputStream());
    }
    return HexFormat.of().formatHex(sha256.digest());
  }

  interface Seen {
    boolean yes() throws IOException, InterruptedException;
  }

  static void await(String what, Seen seen) throws IOException, InterruptedException {
    PATIENT.untilTrue(what, PATIENCE, () -> Optional.of(seen.yes()));
  }
}
