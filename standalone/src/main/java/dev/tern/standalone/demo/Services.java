package dev.tern.standalone.demo;

import java.io.IOException;

/** Tern's services as processes, each by its name: {@code conductor}, {@code agent-host-1}. */
public interface Services {
  /** The process it runs in, or ran in last. */
  long pid(String name);

  /**
   * Kills its process with SIGKILL and returns when it is gone.
   *
   * @throws IOException when it does not end
   */
  void kill(String name) throws IOException;

  /** Starts one again that was killed; returns before it works. */
  void restart(String name) throws IOException;
}
