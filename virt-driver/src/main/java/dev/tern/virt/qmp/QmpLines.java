package dev.tern.virt.qmp;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * One JSON object per line, no line longer than a bound: what is at the other end is not trusted.
 */
final class QmpLines {
  /** The longest honest answer is the schema, about 300 KiB. */
  static final int LONGEST_LINE = 8 << 20;

  private final ReadableByteChannel channel;
  private byte[] bytes = new byte[1 << 14];
  private int from;
  private int to;

  QmpLines(ReadableByteChannel channel) {
    this.channel = channel;
  }

  /** The next message; null at the end of the stream. */
  @Nullable JsonNode next() throws IOException, NotQmp {
    int looked = from;
    while (true) {
      for (; looked < to; looked++) {
        if (bytes[looked] == '\n') {
          byte[] line = Arrays.copyOfRange(bytes, from, looked);
          from = looked + 1;
          return parse(line);
        }
      }
      looked -= makeRoom();
      int read = channel.read(ByteBuffer.wrap(bytes, to, bytes.length - to));
      if (read < 0) {
        return null;
      }
      to += read;
    }
  }

  /** Returns by how much what is unread moved to the front. */
  private int makeRoom() throws NotQmp {
    int moved = from;
    System.arraycopy(bytes, from, bytes, 0, to - from);
    to -= from;
    from = 0;
    if (to == bytes.length) {
      if (bytes.length >= LONGEST_LINE) {
        throw new NotQmp("A line is longer than %d bytes.".formatted(LONGEST_LINE), null);
      }
      bytes = Arrays.copyOf(bytes, bytes.length * 2);
    }
    return moved;
  }

  private static JsonNode parse(byte[] line) throws NotQmp {
    try {
      JsonNode message = QmpJson.parse(line, line.length);
      if (!message.isObject()) {
        throw new NotQmp("A line is not a JSON object.", null);
      }
      return message;
    } catch (JacksonException e) {
      throw new NotQmp("A line is not JSON.", e);
    }
  }

  /** What came is not QMP. */
  static final class NotQmp extends Exception {
    private static final long serialVersionUID = 1L;

    NotQmp(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }
}
