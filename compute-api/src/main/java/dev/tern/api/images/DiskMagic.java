package dev.tern.api.images;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/**
 * Formats that a "raw" file must not be: whoever opened it without naming the format would follow
 * what it says.
 */
enum DiskMagic {
  QCOW("qcow2", 0, "514649fb"),
  QED("qed", 0, "51454400"),
  VMDK("vmdk", 0, "4b444d56"),
  VMDK_OLD("vmdk", 0, "434f5744"),
  VMDK_DESCRIPTOR("vmdk", 0, "23204469736b2044657363726970746f7246696c65"),
  VDI("vdi", 64, "7f10dabe"),
  VPC("vhd", 0, "636f6e6563746978"),
  VHDX("vhdx", 0, "7668647866696c65"),
  LUKS("luks", 0, "4c554b53babe"),
  PARALLELS("parallels", 0, "576974686f7574467265655370616365"),
  PARALLELS_EXTENDED("parallels", 0, "576974686f75467265537061634578"),
  BOCHS("bochs", 0, "426f636873205669727475616c20484420496d616765");

  private final String format;
  private final int at;
  private final String hex;

  DiskMagic(String format, int at, String hex) {
    this.format = format;
    this.at = at;
    this.hex = hex;
  }

  /** What a file is by its first bytes, if it is a disk image of a known format. */
  static Optional<String> formatOf(byte[] start) {
    return Arrays.stream(values()).filter(m -> m.matches(start)).map(m -> m.format).findFirst();
  }

  private boolean matches(byte[] start) {
    byte[] bytes = HexFormat.of().parseHex(hex);
    return start.length >= at + bytes.length
        && Arrays.equals(start, at, at + bytes.length, bytes, 0, bytes.length);
  }
}
