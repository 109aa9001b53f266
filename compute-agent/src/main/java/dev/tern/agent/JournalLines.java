package dev.tern.agent;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.exc.InvalidTypeIdException;
import tools.jackson.databind.json.JsonMapper;

/**
 * A journal as bytes: lines of {@code <length> <crc32c> <json>\n}, both numbers in eight
 * hexadecimal digits, the length and sum those of the JSON.
 *
 * <p>A last line of which only the start is there was never acknowledged: the append was cut off,
 * so what it would have allowed never happened, and it counts as unwritten. Anything else that is
 * wrong was acknowledged once and is damaged now; then nothing of the journal is believed. A last
 * line with something else in the place of its newline is of that kind.
 */
final class JournalLines {
  private static final int HEAD = 18;
  private static final Pattern HEAD_START =
      Pattern.compile("[0-9a-f]{0,8}|[0-9a-f]{8} [0-9a-f]{0,8}|[0-9a-f]{8} [0-9a-f]{8} ");
  private static final JsonMapper JSON = new JsonMapper();
  private static final ObjectReader READER = JSON.readerFor(JournalEntry.class);
  private static final ObjectWriter WRITER = JSON.writerFor(JournalEntry.class);

  private JournalLines() {}

  /**
   * @param length of the good part; what follows is the torn tail
   */
  record Read(List<JournalEntry> entries, int length, boolean torn) {}

  /** An acknowledged entry is not what it was. */
  static final class DamagedJournal extends Exception {
    private static final long serialVersionUID = 1L;

    DamagedJournal(int offset, String what) {
      super("the journal is damaged at byte %d: %s".formatted(offset, what));
    }

    private DamagedJournal(String what) {
      super(what);
    }

    /** Its sum is right: whoever wrote it knew more than we do. */
    static DamagedJournal ofNewerAgent(int offset, String type) {
      return new DamagedJournal(
          "the journal has at byte %d an entry '%s' that this agent does not know: a newer agent wrote it, and must go on with it"
              .formatted(offset, type));
    }
  }

  static byte[] line(JournalEntry entry) {
    byte[] json = WRITER.writeValueAsBytes(entry);
    byte[] head =
        (HexFormat.of().toHexDigits(json.length)
                + " "
                + HexFormat.of().toHexDigits(sum(json))
                + " ")
            .getBytes(ISO_8859_1);
    byte[] line = new byte[head.length + json.length + 1];
    System.arraycopy(head, 0, line, 0, head.length);
    System.arraycopy(json, 0, line, head.length, json.length);
    line[line.length - 1] = '\n';
    return line;
  }

  static Read read(byte[] file) throws DamagedJournal {
    List<JournalEntry> entries = new ArrayList<>();
    int start = 0;
    while (start < file.length) {
      int end = start;
      while (end < file.length && file[end] != '\n') {
        end++;
      }
      if (end == file.length) {
        requireStart(file, start);
        return new Read(List.copyOf(entries), start, true);
      }
      entries.add(entry(file, start, end));
      start = end + 1;
    }
    return new Read(List.copyOf(entries), start, false);
  }

  /** Holds when the rest of the file can be the start of a line that was being appended. */
  private static void requireStart(byte[] file, int start) throws DamagedJournal {
    int there = file.length - start;
    String head = new String(file, start, Math.min(there, HEAD), ISO_8859_1);
    if (!HEAD_START.matcher(head).matches()) {
      throw new DamagedJournal(start, "the last line is not the start of one");
    }
    if (there <= HEAD) {
      return;
    }
    byte[] json = Arrays.copyOfRange(file, start + HEAD, file.length);
    long length = HexFormat.fromHexDigitsToLong(head, 0, 8);
    boolean whole = json.length == length;
    if (json[0] != '{'
        || json.length > length
        || (whole && !head.substring(9, 17).equals(HexFormat.of().toHexDigits(sum(json))))) {
      throw new DamagedJournal(start, "the last line is not the start of one");
    }
  }

  private static JournalEntry entry(byte[] file, int start, int end) throws DamagedJournal {
    int length = end - start - HEAD;
    if (length <= 0) {
      throw new DamagedJournal(start, "a line is too short");
    }
    String head = new String(file, start, HEAD, ISO_8859_1);
    byte[] json = new byte[length];
    System.arraycopy(file, start + HEAD, json, 0, length);
    String expected =
        HexFormat.of().toHexDigits(length) + " " + HexFormat.of().toHexDigits(sum(json)) + " ";
    if (!head.equals(expected)) {
      throw new DamagedJournal(start, "length or checksum do not fit");
    }
    try {
      return READER.readValue(json);
    } catch (InvalidTypeIdException e) {
      throw DamagedJournal.ofNewerAgent(start, String.valueOf(e.getTypeId()));
    } catch (JacksonException e) {
      throw new DamagedJournal(start, "an entry that cannot be: " + new String(json, UTF_8));
    }
  }

  private static int sum(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }
}
