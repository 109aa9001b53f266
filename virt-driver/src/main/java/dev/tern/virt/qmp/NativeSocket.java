package dev.tern.virt.qmp;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A socket of Linux itself, for what Java's cannot do: pass an open socket to another process, and
 * set TCP_NODELAY on one that listens. Not for many threads; a wait holds the thread of the system,
 * too.
 */
@SuppressWarnings("restricted") // The system is called here, and nowhere else.
final class NativeSocket implements ReadableByteChannel {
  private static final int EINTR = 4;
  private static final int AF_UNIX = 1;
  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;
  private static final int SOCK_STREAM_CLOEXEC = 1 | 0x80000;
  private static final int SOL_SOCKET = 1;
  private static final int SO_REUSEADDR = 2;
  private static final int SO_RCVTIMEO = 20;
  private static final int SO_SNDTIMEO = 21;
  private static final int SCM_RIGHTS = 1;
  private static final int IPPROTO_TCP = 6;
  private static final int TCP_NODELAY = 1;
  private static final int IPPROTO_IPV6 = 41;
  private static final int IPV6_V6ONLY = 26;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int BACKLOG = 64;
  private static final int UNIX_PATH = 108;
  private static final int MESSAGE_HEADER = 56;
  private static final int CONTROL = 24; // a header of 16 bytes, the descriptor, padding

  private static final Linker LINKER = Linker.nativeLinker();
  private static final Linker.Option KEEP_ERRNO = Linker.Option.captureCallState("errno");
  private static final StructLayout ERRNO = Linker.Option.captureStateLayout();
  private static final MethodHandle SOCKET = call("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle SET_OPTION =
      call("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle CONNECT =
      call("connect", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle BIND = call("bind", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle LISTEN = call("listen", JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle SEND_MESSAGE =
      call("sendmsg", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle RECEIVE =
      call("recv", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
  private static final MethodHandle CLOSE = call("close", JAVA_INT, JAVA_INT);
  private static final MethodHandle ERROR_TEXT =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("strerror"), FunctionDescriptor.of(ADDRESS, JAVA_INT));

  private final int descriptor;
  private boolean closed;

  private NativeSocket(int family) throws IOException {
    this.descriptor = (int) run("socket", SOCKET, family, SOCK_STREAM_CLOEXEC, 0);
  }

  /** Whether sockets look here as this class knows them. */
  static boolean known() {
    return System.getProperty("os.name", "").equals("Linux")
        && Set.of("amd64", "aarch64").contains(System.getProperty("os.arch", ""));
  }

  /** Listens, without Nagle's delay; connections that are accepted from it are without, too. */
  static NativeSocket listen(InetAddress address, int port) throws IOException {
    boolean four = address instanceof Inet4Address;
    NativeSocket socket = new NativeSocket(four ? AF_INET : AF_INET6);
    try (Arena arena = Arena.ofConfined()) {
      socket.option(SOL_SOCKET, SO_REUSEADDR, arena.allocateFrom(JAVA_INT, 1));
      socket.option(IPPROTO_TCP, TCP_NODELAY, arena.allocateFrom(JAVA_INT, 1));
      if (!four) {
        socket.option(IPPROTO_IPV6, IPV6_V6ONLY, arena.allocateFrom(JAVA_INT, 1));
      }
      MemorySegment name = name(arena, address.getAddress(), port, four);
      run("bind", BIND, socket.descriptor, name, (int) name.byteSize());
      run("listen", LISTEN, socket.descriptor, BACKLOG);
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  private static MemorySegment name(Arena arena, byte[] address, int port, boolean four) {
    MemorySegment name = arena.allocate(four ? 16 : 28, Integer.BYTES);
    name.set(JAVA_SHORT, 0, (short) (four ? AF_INET : AF_INET6));
    name.set(JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN), 2, (short) port);
    MemorySegment.copy(address, 0, name, JAVA_BYTE, four ? 4 : 8, address.length);
    return name;
  }

  /** Connects to a Unix socket; later waits for the other side take at most {@code patience}. */
  static NativeSocket connect(Path path, Duration patience) throws IOException {
    byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
    if (bytes.length >= UNIX_PATH) {
      throw new IOException("the name %s is too long for a socket".formatted(path));
    }
    NativeSocket socket = new NativeSocket(AF_UNIX);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment time = arena.allocate(MemoryLayout.sequenceLayout(2, JAVA_LONG));
      time.set(JAVA_LONG, 0, patience.toSeconds());
      time.set(JAVA_LONG, Long.BYTES, patience.toNanosPart() / 1000);
      socket.option(SOL_SOCKET, SO_RCVTIMEO, time);
      socket.option(SOL_SOCKET, SO_SNDTIMEO, time);
      MemorySegment name = arena.allocate(Short.BYTES + UNIX_PATH, Short.BYTES);
      name.set(JAVA_SHORT, 0, (short) AF_UNIX);
      MemorySegment.copy(bytes, 0, name, JAVA_BYTE, Short.BYTES, bytes.length);
      run("connect", CONNECT, socket.descriptor, name, (int) name.byteSize());
      return socket;
    } catch (IOException e) {
      socket.close();
      throw new NotConnected(e);
    }
  }

  /** Nobody listens there, or nobody takes the connection. */
  static final class NotConnected extends IOException {
    private static final long serialVersionUID = 1L;

    NotConnected(IOException cause) {
      super(cause.getMessage(), cause);
    }
  }

  private void option(int level, int name, MemorySegment value) throws IOException {
    run("setsockopt", SET_OPTION, descriptor, level, name, value, (int) value.byteSize());
  }

  /**
   * Sends all of a short message, and with its first byte a copy of an open socket, if one is
   * given.
   */
  void send(byte[] message, @Nullable NativeSocket passed) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocateFrom(JAVA_BYTE, message);
      MemorySegment vector = arena.allocate(2L * Long.BYTES, Long.BYTES);
      vector.set(ADDRESS, 0, bytes);
      vector.set(JAVA_LONG, 8, bytes.byteSize());
      MemorySegment header = arena.allocate(MESSAGE_HEADER, Long.BYTES);
      header.set(ADDRESS, 16, vector);
      header.set(JAVA_LONG, 24, 1);
      if (passed != null) {
        MemorySegment control = arena.allocate(CONTROL, Long.BYTES);
        control.set(JAVA_LONG, 0, 16L + Integer.BYTES);
        control.set(JAVA_INT, 8, SOL_SOCKET);
        control.set(JAVA_INT, 12, SCM_RIGHTS);
        control.set(JAVA_INT, 16, passed.descriptor);
        header.set(ADDRESS, 32, control);
        header.set(JAVA_LONG, 40, CONTROL);
      }
      long sent = run("sendmsg", SEND_MESSAGE, descriptor, header, MSG_NOSIGNAL);
      if (sent != message.length) {
        throw new IOException("only %d of %d bytes were taken".formatted(sent, message.length));
      }
    }
  }

  /** Waits for bytes as long as was said at the start. */
  @Override
  public int read(ByteBuffer into) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(Math.max(1, into.remaining()));
      long got = run("recv", RECEIVE, descriptor, bytes, (long) into.remaining(), 0);
      into.put(bytes.asSlice(0, got).asByteBuffer());
      return got == 0 ? -1 : Math.toIntExact(got);
    }
  }

  @Override
  public boolean isOpen() {
    return !closed;
  }

  /** Closes it here; who was given it keeps it. */
  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      run("close", CLOSE, descriptor);
    }
  }

  private static MethodHandle call(String name, ValueLayout returned, ValueLayout... arguments) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(returned, arguments),
        KEEP_ERRNO);
  }

  private static long run(String name, MethodHandle call, Object... arguments) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(ERRNO);
      Object[] all = new Object[arguments.length + 1];
      all[0] = state;
      System.arraycopy(arguments, 0, all, 1, arguments.length);
      long result = ((Number) call.invokeWithArguments(all)).longValue();
      if (result >= 0) {
        return result;
      }
      int why = state.get(JAVA_INT, 0);
      // With a timeout set, Linux does not go on by itself after a signal.
      if (why == EINTR && name.equals("recv")) {
        return run(name, call, arguments);
      }
      throw new IOException("%s: %s".formatted(name, text(why)));
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IOException(name, e);
    }
  }

  private static String text(int errno) throws Throwable {
    MemorySegment text = (MemorySegment) ERROR_TEXT.invokeExact(errno);
    return text.reinterpret(256).getString(0);
  }
}
