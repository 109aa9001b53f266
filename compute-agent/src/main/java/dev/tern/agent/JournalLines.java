package dev.tern.agent;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * A journal as bytes: lines of {@code <length> <crc32c> <json>\n}, both numbers in eight
 * hexadecimal digits, the length and sum those of the JSON.
 *
 * <p>A last line without its newline was never acknowledged: the append was cut off, so what it
 * would have allowed never happened, and it counts as unwritten. Anything else that is wrong was
 * acknowledged once and is damaged now; then nothing of the journal is believed.
 */
final class JournalLines {
  private static final int HEAD = 18;
  private static final JsonMapper JSON = new JsonMapper();

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
  }

  static byte[] line(JournalEntry entry) {
    byte[] json = JSON.writerFor(JournalEntry.class).writeValueAsBytes(entry);
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
        return new Read(List.copyOf(entries), start, true);
      }
      entries.add(entry(file, start, end));
      start = end + 1;
    }
    return new Read(List.copyOf(entries), start, false);
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
      return JSON.readerFor(JournalEntry.class).readValue(json);
    } catch (JacksonException e) {
      throw new DamagedJournal(start, "unknown entry " + new String(json, UTF_8));
    }
  }

  private static int sum(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }
}
