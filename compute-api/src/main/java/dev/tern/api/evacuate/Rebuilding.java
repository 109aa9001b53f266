package dev.tern.api.evacuate;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.store.EvacuationStore;
import dev.tern.store.ImageStore;
import dev.tern.store.ImageStore.ImageRecord;
import dev.tern.store.ImageStore.ImageStatus;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** Whether a server can be made anew from what it was made from. */
@Component
final class Rebuilding {
  private final ImageStore images;
  private final EvacuationStore evacuations;

  Rebuilding(ImageStore images, EvacuationStore evacuations) {
    this.images = images;
    this.evacuations = evacuations;
  }

  /** Why not; the dry run and the request say the same. */
  Optional<ComputeException> objection(ServerRecord server) {
    return evacuations.objection(server.id()).or(() -> lacksImage(server));
  }

  private Optional<ComputeException> lacksImage(ServerRecord server) {
    boolean there =
        images.find(server.image()).map(ImageRecord::status).stream()
            .anyMatch(status -> status == ImageStatus.ACTIVE);
    return there
        ? Optional.empty()
        : Optional.of(
            new ComputeException(
                ErrorCode.INVALID_INPUT,
                "Instance %s cannot be rebuilt: its image %s is gone or not active."
                    .formatted(server.id(), server.image()),
                null));
  }
}
