package dev.tern.conductor.disk;

import static dev.tern.conductor.saga.Saga.undo;

import dev.tern.conductor.saga.Saga;

/**
 * A server's first disk becomes an image, and the guest does not notice: a copy that ends at a
 * point in time, sent to the image service.
 */
public final class ImageSaga {
  private ImageSaga() {}

  /** The story, told by these actors. */
  public static Saga<DiskFacts> of(DiskHost host, CopyWatch watch, DiskOutcome outcome) {
    return Saga.<DiskFacts>tell()
        .step("start-copy", host::start, undo(host::discard))
        .step("fill", watch::untilReady)
        .step("end-copy", host::finish)
        .step("pending-upload", outcome::pendingUpload)
        .step("uploading", outcome::uploading)
        .step("upload", host::upload)
        .then("remove-copy", host::remove)
        .ends(outcome::takenBack, outcome::done);
  }
}
