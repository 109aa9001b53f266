package dev.tern.agent;

import dev.tern.contract.host.KernelNbd;
import java.io.IOException;
import java.nio.file.Path;

/** What this machine has, measured when asked. */
public interface HostFigures {
  int vcpus();

  long memoryMib() throws IOException;

  long memoryAvailableMib() throws IOException;

  /** Of the file system that holds the instances. */
  long diskTotalBytes() throws IOException;

  /** Of that file system, what an unprivileged user may still write. */
  long diskFreeBytes() throws IOException;

  /** Which file system a directory is on: two that answer alike are on one. */
  Object fileSystemOf(Path directory) throws IOException;

  /** Of a directory's file system, what an unprivileged user may still write. */
  long freeBytes(Path directory) throws IOException;

  /** For people, as Nova shows it. */
  String uptime() throws IOException;

  /** Never needed; shown to who mounts disks by hand. */
  KernelNbd kernelNbd() throws IOException;
}
