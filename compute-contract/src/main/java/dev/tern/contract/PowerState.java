package dev.tern.contract;

/** Nova's numbers. */
public enum PowerState {
  NOSTATE(0),
  RUNNING(1),
  PAUSED(3),
  SHUTDOWN(4),
  CRASHED(6);

  private final int number;

  PowerState(int number) {
    this.number = number;
  }

  public int number() {
    return number;
  }
}
