package dev.tern.contract.agent;

import java.util.Base64;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What a guest finds on the disk labelled {@code config-2}.
 *
 * @param files content in base64 by path, e.g. {@code openstack/latest/meta_data.json}
 */
public record ConfigDrive(Map<String, String> files) {
  private static final Pattern PATH =
      Pattern.compile("[a-z0-9_][a-z0-9_.-]{0,63}(/[a-z0-9_][a-z0-9_.-]{0,63}){0,4}");
  private static final int MOST_FILES = 16;
  private static final int MOST_CHARS = 1 << 20;

  /**
   * @throws IllegalArgumentException when it holds too much, a path leaves the drive, or a content
   *     is no base64
   */
  public ConfigDrive {
    files = Map.copyOf(files);
    if (files.size() > MOST_FILES
        || files.values().stream().mapToLong(String::length).sum() > MOST_CHARS) {
      throw new IllegalArgumentException("a config drive has at most 16 files of 1 MiB together");
    }
    for (Map.Entry<String, String> file : files.entrySet()) {
      if (!PATH.matcher(file.getKey()).matches()) {
        throw new IllegalArgumentException("a config drive has no file of that name");
      }
      var _ = Base64.getDecoder().decode(file.getValue());
    }
  }
}
