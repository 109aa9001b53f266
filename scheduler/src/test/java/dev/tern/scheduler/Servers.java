package dev.tern.scheduler;

import dev.tern.contract.ImageId;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.store.FlavorStore.FlavorRecord;
import dev.tern.store.ServerStore;
import dev.tern.store.ServerStore.NewServer;
import dev.tern.store.ServerStore.Requested;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Servers in a database: a claim is of a server that is there. */
final class Servers {
  private static final FlavorRecord FLAVOR =
      new FlavorRecord("2", "medium", 2, 1_024, 10, 0, 0, true, Map.of(), Optional.empty());

  private Servers() {}

  static void requested(ServerStore servers, ServerId id) {
    servers.requestCreate(
        new NewServer(
            id,
            "guest",
            "guest",
            "user",
            "project",
            FLAVOR,
            new ImageId(new UUID(3, 3)),
            Map.of(),
            Optional.empty(),
            Optional.empty(),
            false,
            Optional.empty()),
        new Requested(RequestId.of(id.value()), "user", "project"));
  }
}
