package dev.tern.agent;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Lines of {@code <length> <crc32c> <content>\n}, both numbers in eight hexadecimal digits, of the
 * content, which has no newline.
 *
 * <p>A last line without its newline was never acknowledged: the append was cut off, and it counts
 * as unwritten. Anything else that is wrong was acknowledged once and is damaged now.
 */
final class CheckedLines {
  private static final int HEAD = 18;

  private CheckedLines() {}

  /** One line's content, and where the line begins. */
  @SuppressWarnings("ArrayRecordComponent") // read once, never compared
  record Line(int offset, byte[] content) {}

  /**
   * What is in a file.
   *
   * @param length of the good part; what follows is the torn tail
   */
  record Read(List<Line> lines, int length, boolean torn) {}

  /** An acknowledged line is not what it was. */
  static final class DamagedLine extends Exception {
    private static final long serialVersionUID = 1L;
    private final int offset;

    DamagedLine(int offset, String what) {
      super(what);
      this.offset = offset;
    }

    int offset() {
      return offset;
    }
  }

  static byte[] line(byte[] content) {
    byte[] head = head(content);
    byte[] line = new byte[head.length + content.length + 1];
    System.arraycopy(head, 0, line, 0, head.length);
    System.arraycopy(content, 0, line, head.length, content.length);
    line[line.length - 1] = '\n';
    return line;
  }

  private static byte[] head(byte[] content) {
    CRC32C crc = new CRC32C();
    crc.update(content);
    HexFormat hex = HexFormat.of();
    return (hex.toHexDigits(content.length) + " " + hex.toHexDigits((int) crc.getValue()) + " ")
        .getBytes(ISO_8859_1);
  }

  static Read read(byte[] file) throws DamagedLine {
    List<Line> lines = new ArrayList<>();
    int start = 0;
    while (start < file.length) {
      int end = start;
      while (end < file.length && file[end] != '\n') {
        end++;
      }
      if (end == file.length) {
        return new Read(List.copyOf(lines), start, true);
      }
      lines.add(checked(file, start, end));
      start = end + 1;
    }
    return new Read(List.copyOf(lines), start, false);
  }

  private static Line checked(byte[] file, int start, int end) throws DamagedLine {
    if (end - start <= HEAD) {
      throw new DamagedLine(start, "a line is too short");
    }
    byte[] content = Arrays.copyOfRange(file, start + HEAD, end);
    if (!Arrays.equals(head(content), Arrays.copyOfRange(file, start, start + HEAD))) {
      throw new DamagedLine(start, "length or checksum do not fit");
    }
    return new Line(start, content);
  }
}
