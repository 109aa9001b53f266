package dev.tern.simulation;

import java.util.concurrent.Executor;

/**
 * One life of one process: a conductor, an agent, the schedulers. When it ends, as by SIGKILL, none
 * of its threads does another thing, not even what stands in {@code finally}.
 */
final class Party implements Executor {
  private final Turns turns;
  private final String name;
  private boolean dead;

  Party(Turns turns, String name) {
    this.turns = turns;
    this.name = name;
  }

  String name() {
    return name;
  }

  boolean dead() {
    return dead;
  }

  void die() {
    dead = true;
  }

  /** Starts a thread of this process. Nothing when it is dead. */
  void start(String what, Runnable work) {
    if (!dead) {
      OneThread.start(this, name + " " + what, work);
    }
  }

  /** A piece of one of its threads is ready to run. */
  @Override
  public void execute(Runnable piece) {
    turns.ready(this, piece);
  }

  @Override
  public String toString() {
    return name;
  }
}
