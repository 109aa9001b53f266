package dev.tern.contract.move;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Where a local disk is put on the destination of a migration, in place of what is usual there. The
 * guest sees nothing of it.
 *
 * @param storage one of the destination's named directories; empty is the server's own directory
 * @param name of the file, without its ending; empty keeps the one it has
 */
public record DiskPlace(Optional<String> storage, Optional<String> name) {
  private static final Pattern STORAGE = Pattern.compile("[a-z][a-z0-9]{0,15}");
  private static final Pattern NAME = Pattern.compile("[a-z0-9]{1,32}");

  /** Whether a text can be the name of a storage. */
  public static boolean isStorage(String text) {
    return STORAGE.matcher(text).matches();
  }

  /** Whether a text can be the name of a disk's file. */
  public static boolean isName(String text) {
    return NAME.matcher(text).matches();
  }
}
