package dev.tern.virt.qemu;

import dev.tern.virt.Pauses;
import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.disk.Tool;
import dev.tern.virt.qmp.QmpDeadlines;
import dev.tern.virt.qmp.QmpMonitor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A QEMU on its way up. It leads a session of its own, so that it outlives its agent and hears no
 * signal meant for the agent's terminal. It does not make itself a daemon: that takes fork and
 * setsid, which its sandbox denies, since 7.0 with the death of the process.
 */
final class QemuStart {
  /**
   * What libvirt denies too: obsolete calls, other users, other programs, other priorities. {@code
   * spawn} forbids execve, so who breaks out of a guest into its QEMU starts no shell.
   */
  static final List<String> SANDBOX =
      List.of(
          "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");

  private static final int LAST_WORDS = 500;
  private static final int SIGSYS = 31;
  private static final int BY_SIGNAL = 128;
  private static final Duration LOOK_EVERY = Duration.ofMillis(5);

  private final String program;
  private final Process process;
  private final Path log;
  private final Pauses pauses;

  private QemuStart(String program, Process process, Path log, Pauses pauses) {
    this.program = program;
    this.process = process;
    this.log = log;
    this.pauses = pauses;
  }

  /**
   * Starts the process; what it says goes to {@code log}, which begins anew.
   *
   * @throws VirtException {@code REFUSED} when there is no such program
   */
  static QemuStart of(List<String> line, Path directory, Path log, Pauses pauses)
      throws VirtException {
    return new QemuStart(line.getFirst(), Tool.detached(line, directory, log), log, pauses);
  }

  /** Its number, which it keeps. */
  long pid() {
    return process.pid();
  }

  /**
   * Its monitor, once it answers.
   *
   * @throws VirtException {@code REFUSED} with its last words when it ended by itself, {@code
   *     NO_ANSWER} when it did not answer within {@code patience}
   */
  QmpMonitor monitor(Path socket, QmpDeadlines deadlines, Duration patience) throws VirtException {
    long until = System.nanoTime() + patience.toNanos();
    try {
      while (true) {
        Duration left = Duration.ofNanos(until - System.nanoTime());
        if (!process.isAlive()) {
          String said = lastWords();
          Tool.requireRun(process, program, said);
          throw new VirtException(Kind.REFUSED, "QEMU did not start: %s".formatted(said), null);
        }
        if (left.isNegative()) {
          throw new VirtException(
              Kind.NO_ANSWER,
              "QEMU's monitor did not answer within %d s.".formatted(patience.toSeconds()),
              null);
        }
        if (Files.exists(socket)) {
          try {
            return QmpMonitor.connect(socket, deadlines, left);
          } catch (VirtException e) {
            if (e.kind() != Kind.GONE) {
              throw e;
            }
            // Bound and not listening yet, or its end is not known here yet: the next look tells.
          }
        }
        pauses.pause(LOOK_EVERY);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new VirtException(Kind.NO_ANSWER, "Interrupted.", e);
    }
  }

  /** Ends it by force; whether it is gone within {@code patience}. */
  boolean end(Duration patience) {
    process.destroyForcibly();
    boolean interrupted = Thread.interrupted(); // who was asked to stop still cleans up
    try {
      return process.waitFor(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      interrupted = true;
      return !process.isAlive();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private String lastWords() {
    int status = process.exitValue();
    if (status == BY_SIGNAL + SIGSYS) {
      return "it asked the kernel for what its sandbox denies";
    }
    try {
      String said = Files.readString(log, StandardCharsets.ISO_8859_1).strip();
      return said.isEmpty()
          ? "it ended with status %d and without a word".formatted(status)
          : said.substring(Math.max(0, said.length() - LAST_WORDS)).strip();
    } catch (IOException e) {
      return "it ended with status %d, and its log cannot be read".formatted(status);
    }
  }
}
