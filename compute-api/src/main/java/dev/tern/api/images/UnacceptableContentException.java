package dev.tern.api.images;

/**
 * The bytes of an image are not what its record says. The message is the reason, for the one who
 * uploaded it.
 */
final class UnacceptableContentException extends Exception {
  private static final long serialVersionUID = 1L;

  UnacceptableContentException(String reason) {
    super(reason);
  }
}
