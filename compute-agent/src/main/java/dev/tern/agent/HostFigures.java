package dev.tern.agent;

import java.io.IOException;

/** What this machine has, measured when asked. */
public interface HostFigures {
  int vcpus();

  long memoryMib() throws IOException;

  long memoryAvailableMib() throws IOException;

  /** Of the file system that holds the instances. */
  long diskTotalBytes() throws IOException;

  /** Of that file system, what an unprivileged user may still write. */
  long diskFreeBytes() throws IOException;

  /** For people, as Nova shows it. */
  String uptime() throws IOException;
}
