package dev.tern.virt;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * Files that go from one host to another as they are: base images, frozen snapshots, kernels. A
 * tool here lets a tool there write them; their bytes pass through no process of the caller.
 *
 * <p>What was received is not believed: the caller compares it with what it must be before it uses
 * it. Sending a file again over what came of it before is harmless, because it holds the same.
 */
public interface LayerTransfer {

  /**
   * Lets another host write files of {@code directory}, which are there already, each under an
   * unguessable name. The tool outlives this JVM; its record is in the directory, which must be of
   * this transfer alone. Harmless when it is open already.
   *
   * @param listen numeric address and port
   * @param exports export names by file name
   * @param key who has it may write, and nobody else; empty for plaintext
   * @throws VirtException {@code REFUSED} when the port is taken or a file is missing; nothing is
   *     open then
   */
  void open(Path directory, Endpoint listen, Map<String, String> exports, Optional<StreamKey> key)
      throws VirtException;

  /** Whether the tool that {@link #open} started still lets files be written. */
  boolean isOpen(Path directory) throws VirtException;

  /**
   * Ends the tool; when this returns nobody writes any more. Harmless when none is there. What was
   * written is in the files, though not yet on the disk.
   */
  void close(Path directory) throws VirtException;

  /**
   * Writes a file of this host into an export of another's, holes left out. The export is as long
   * as the file, in whole sectors, and holds nothing but what this file holds, or zeros.
   *
   * @param instance directory of the server it belongs to; the key is there while it is used
   * @param rate may change meanwhile, and is obeyed then
   * @param sent told the bytes sent so far, from the calling thread; they never fall
   * @throws VirtException {@code REFUSED} with the tool's words: the export is not there, its disk
   *     is full, the connection broke
   * @throws InterruptedException nothing is sent any more
   */
  void send(Path file, Path instance, Target to, SendingRate rate, LongConsumer sent)
      throws VirtException, InterruptedException;

  /**
   * Where a receiver listens.
   *
   * @param address numeric
   */
  record Endpoint(String address, int port) {}

  /**
   * Where one file goes.
   *
   * @param key as the receiver has it; empty for plaintext
   */
  record Target(Endpoint at, String export, Optional<StreamKey> key) {}
}
