package dev.tern.conductor.fake;

/** The process is gone; nothing of it runs any more, not even a handler of exceptions. */
public final class ConductorDied extends Error {
  private static final long serialVersionUID = 1L;
}
