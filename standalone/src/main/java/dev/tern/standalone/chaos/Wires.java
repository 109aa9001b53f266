package dev.tern.standalone.chaos;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * TCP sockets of other processes, by IPv4: shut, or made to lose whatever comes, without their
 * knowing. Works on a copy of the descriptor (pidfd_getfd, since Linux 5.6), which root may take,
 * and a process of the same user where ptrace is not restricted.
 */
@SuppressWarnings("restricted") // The system is called here: Java has no sockets of others.
final class Wires {
  /** System calls that the C library has no function for, on every architecture alike. */
  private static final long PIDFD_OPEN = 434;

  private static final long PIDFD_GETFD = 438;

  private static final int SOL_SOCKET = 1;
  private static final int SO_ATTACH_FILTER = 26;
  private static final int SO_DETACH_FILTER = 27;
  private static final int BOTH_WAYS = 2;
  private static final short RETURN_NOTHING = 6; // BPF_RET | BPF_K, with 0 bytes to keep

  private static final Linker LINKER = Linker.nativeLinker();
  private static final Linker.Option KEEP_ERRNO = Linker.Option.captureCallState("errno");
  private static final MethodHandle SYSTEM =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("syscall"),
          FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
          KEEP_ERRNO,
          Linker.Option.firstVariadicArg(1));
  private static final MethodHandle SHUTDOWN = call("shutdown", JAVA_INT, JAVA_INT);
  private static final MethodHandle CLOSE = call("close", JAVA_INT);
  private static final MethodHandle SET_OPTION =
      call("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);

  private Wires() {}

  /**
   * A socket that some process has.
   *
   * @param descriptor in that process
   * @param inode names the socket itself
   * @param local address, e.g. {@code 127.0.1.2}
   */
  record Wire(
      long pid,
      int descriptor,
      long inode,
      String local,
      int localPort,
      String remote,
      int remotePort,
      boolean listens) {}

  /** What these processes have open now that is listening or connected, and chosen. */
  static List<Wire> of(Stream<ProcessHandle> processes, Predicate<Wire> chosen) throws IOException {
    Map<Long, Wire> known = table();
    List<Wire> found = new ArrayList<>();
    for (ProcessHandle process : processes.toList()) {
      for (Map.Entry<Integer, Long> open : sockets(process.pid()).entrySet()) {
        Wire wire = known.get(open.getValue());
        if (wire != null) {
          found.add(
              new Wire(
                  process.pid(),
                  open.getKey(),
                  wire.inode(),
                  wire.local(),
                  wire.localPort(),
                  wire.remote(),
                  wire.remotePort(),
                  wire.listens()));
        }
      }
    }
    return found.stream().filter(chosen).toList();
  }

  /** Inodes of sockets by descriptor. */
  private static Map<Integer, Long> sockets(long pid) throws IOException {
    Map<Integer, Long> found = new HashMap<>();
    Path folder = Path.of("/proc", Long.toString(pid), "fd");
    try (Stream<Path> all = Files.list(folder)) {
      for (Path each : (Iterable<Path>) all::iterator) {
        String target = target(each);
        if (target.startsWith("socket:[")) {
          found.put(
              Integer.parseInt(each.getFileName().toString()),
              Long.parseLong(target.substring("socket:[".length(), target.length() - 1)));
        }
      }
    } catch (NoSuchFileException e) {
      return Map.of(); // it has ended
    }
    return found;
  }

  private static String target(Path descriptor) throws IOException {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (NoSuchFileException e) {
      return ""; // closed meanwhile
    }
  }

  private static Map<Long, Wire> table() throws IOException {
    Map<Long, Wire> wires = new HashMap<>();
    try (Stream<String> lines = Files.lines(Path.of("/proc/net/tcp"))) {
      lines
          .skip(1)
          .map(line -> line.strip().split("\\s+"))
          .filter(field -> field.length > 9 && (field[3].equals("01") || field[3].equals("0A")))
          .forEach(field -> {
            long inode = Long.parseLong(field[9]);
            wires.put(
                inode,
                new Wire(
                    0,
                    0,
                    inode,
                    address(field[1]),
                    port(field[1]),
                    address(field[2]),
                    port(field[2]),
                    field[3].equals("0A")));
          });
    }
    return wires;
  }

  /** The kernel prints the four bytes as one number of the machine's own order: little-endian. */
  private static String address(String field) {
    long bytes = Long.parseLong(field.substring(0, 8), 16);
    return "%d.%d.%d.%d"
        .formatted(bytes & 255, bytes >> 8 & 255, bytes >> 16 & 255, bytes >> 24 & 255);
  }

  private static int port(String field) {
    return Integer.parseInt(field.substring(9), 16);
  }

  /** Shuts a connection in both directions: both ends see it closed. */
  static void cut(Wire wire) throws IOException {
    on(wire, copy -> run("shutdown", SHUTDOWN, copy, BOTH_WAYS));
  }

  /**
   * From now on the kernel drops each segment that comes for this socket, acknowledgements too, as
   * if it had been lost on the way. Sockets that a listening one accepts are born the same.
   */
  static void swallow(Wire wire) throws IOException {
    on(
        wire,
        copy -> {
          try (Arena arena = Arena.ofConfined()) {
            MemorySegment instruction = arena.allocate(8, 4);
            instruction.set(JAVA_SHORT, 0, RETURN_NOTHING);
            MemorySegment program = arena.allocate(MemoryLayout.structLayout(JAVA_LONG, ADDRESS));
            program.set(JAVA_SHORT, 0, (short) 1);
            program.set(ADDRESS, JAVA_LONG.byteSize(), instruction);
            run(
                "setsockopt",
                SET_OPTION,
                copy,
                SOL_SOCKET,
                SO_ATTACH_FILTER,
                program,
                (int) program.byteSize());
          }
        });
  }

  /** Undoes {@link #swallow}; one that was not swallowed stays as it is. */
  static void release(Wire wire) throws IOException {
    on(
        wire,
        copy -> {
          try (Arena arena = Arena.ofConfined()) {
            MemorySegment nothing = arena.allocate(JAVA_INT);
            run("setsockopt", SET_OPTION, copy, SOL_SOCKET, SO_DETACH_FILTER, nothing, 4);
          } catch (IOException e) {
            if (!String.valueOf(e.getMessage()).contains(NO_SUCH)) {
              throw e;
            }
          }
        });
  }

  private static final String NO_SUCH = "error 2";
  private static final String NO_PROCESS = "error 3";
  private static final String BAD_DESCRIPTOR = "error 9";
  private static final String NOT_CONNECTED = "error 107";

  /** What is done with our copy of its descriptor. */
  @FunctionalInterface
  private interface Deed {
    void on(int copy) throws IOException;
  }

  /** A process or socket that is gone meanwhile needs nothing done. */
  private static void on(Wire wire, Deed deed) throws IOException {
    int process = -1;
    int copy = -1;
    try {
      process = (int) run("pidfd_open", SYSTEM, PIDFD_OPEN, wire.pid(), 0L, 0L);
      copy =
          (int)
              run("pidfd_getfd", SYSTEM, PIDFD_GETFD, (long) process, (long) wire.descriptor(), 0L);
      if (sameSocket(copy, wire.inode())) {
        deed.on(copy);
      }
    } catch (IOException e) {
      String why = String.valueOf(e.getMessage());
      if (Stream.of(NO_PROCESS, BAD_DESCRIPTOR, NOT_CONNECTED).noneMatch(why::endsWith)) {
        throw new IOException(
            why + ": a socket of process " + wire.pid() + " cannot be had; run this as root.", e);
      }
    } finally {
      for (int descriptor : new int[] {copy, process}) {
        if (descriptor >= 0) {
          run("close", CLOSE, descriptor);
        }
      }
    }
  }

  /** The number may be another file's by now. */
  private static boolean sameSocket(int copy, long inode) throws IOException {
    return target(Path.of("/proc/self/fd", Integer.toString(copy)))
        .equals("socket:[" + inode + "]");
  }

  private static MethodHandle call(String name, MemoryLayout... arguments) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(JAVA_INT, arguments),
        KEEP_ERRNO);
  }

  private static long run(String name, MethodHandle call, Object... arguments) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
      Object[] all = new Object[arguments.length + 1];
      all[0] = state;
      System.arraycopy(arguments, 0, all, 1, arguments.length);
      long result = ((Number) call.invokeWithArguments(all)).longValue();
      if (result < 0) {
        throw new IOException("%s: error %d".formatted(name, state.get(JAVA_INT, 0)));
      }
      return result;
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IOException(name, e);
    }
  }
}
