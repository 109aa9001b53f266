package dev.tern.virt.qemu;

/** The policy ends a move. */
final class GivenUp extends Exception {
  private static final long serialVersionUID = 1L;

  GivenUp(String why) {
    super(why);
  }
}
