package dev.tern.virt.fake;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A simulated guest's memory as a stream: whose it is, and how much of what the guest wrote it
 * knows of. So a guest that gets an older memory than its disks have is noticed when it runs.
 */
final class FakeMemory {
  private static final int PAGES = 16;
  private static final Pattern FORM = Pattern.compile("memory of ([0-9a-f-]+) with (\\d+)\n(.*)");

  private FakeMemory() {}

  static void write(FakeProcess process, WritableByteChannel to, LongConsumer progress)
      throws IOException {
    long sent = put(to, "memory of %s with %d\n".formatted(process.serverId(), process.written));
    for (int page = 0; page < PAGES; page++) {
      sent += put(to, Integer.toHexString(page).repeat(256));
      progress.accept(sent);
    }
  }

  private static int put(WritableByteChannel to, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    while (bytes.hasRemaining()) {
      to.write(bytes);
    }
    return text.length();
  }

  static void read(FakeProcess process, ReadableByteChannel from, LongConsumer progress)
      throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    ByteBuffer piece = ByteBuffer.allocate(256);
    while (from.read(piece) >= 0) {
      all.write(piece.array(), 0, piece.position());
      piece.clear();
      progress.accept(all.size());
    }
    Matcher found = FORM.matcher(all.toString(StandardCharsets.US_ASCII));
    if (!found.matches()
        || !found.group(1).equals(process.serverId())
        || found.group(3).length() != PAGES * 256) {
      throw new IOException("load of migration failed: Input/output error");
    }
    process.written = Long.parseLong(found.group(2));
    process.hasAll = true;
  }
}
