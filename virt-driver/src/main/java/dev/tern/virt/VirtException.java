package dev.tern.virt;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A command to QEMU that did not return, in one of three ways that callers must treat apart. */
public final class VirtException extends Exception {
  private static final long serialVersionUID = 1L;

  /** What is known of the effect. */
  public enum Kind {
    /** QEMU or the driver said no: no effect. */
    REFUSED,
    /** Nothing came back within the deadline: the effect may still happen. */
    NO_ANSWER,
    /** The QEMU process is no longer there. */
    GONE
  }

  private final Kind kind;

  public VirtException(Kind kind, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = Objects.requireNonNull(kind);
  }

  /** The same failure as met by another thread: its kind and words, with it as the cause. */
  public VirtException(VirtException met) {
    this(met.kind, String.valueOf(met.getMessage()), met);
  }

  public Kind kind() {
    return kind;
  }
}
