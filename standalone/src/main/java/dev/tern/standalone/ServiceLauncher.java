package dev.tern.standalone;

import java.io.IOException;
import java.util.Map;

/** Starts services of the form. */
interface ServiceLauncher {

  /**
   * Starts one and returns when it is up, or for a process: when it has been started.
   *
   * @param name for logs, e.g. {@code agent-host-1}
   * @param properties settings by full name
   */
  Running start(Service service, String name, Map<String, String> properties) throws IOException;

  /** A service that was started. Closing it waits for its orderly end. */
  interface Running extends AutoCloseable {
    String name();

    /** The process it runs in. */
    long pid();

    @Override
    void close();
  }
}
