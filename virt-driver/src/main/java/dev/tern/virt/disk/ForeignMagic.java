package dev.tern.virt.disk;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * The signatures of image formats. A "raw" disk that starts with one is a trap: whoever probes it
 * later opens whatever it points to.
 */
final class ForeignMagic {
  private record Signature(String format, int at, String latin1) {
    boolean in(String start) {
      return start.startsWith(latin1, at);
    }
  }

  private static final List<Signature> ALL =
      List.of(
          new Signature("qcow2", 0, "QFI\u00fb"),
          new Signature("qed", 0, "QED\0"),
          new Signature("vmdk", 0, "KDMV"),
          new Signature("vmdk", 0, "COWD"),
          new Signature("vmdk", 0, "VMDK"),
          new Signature("vmdk", 0, "# Disk DescriptorFile"),
          new Signature("vhdx", 0, "vhdxfile"),
          new Signature("vpc", 0, "conectix"),
          new Signature("luks", 0, "LUKS\u00ba\u00be"),
          new Signature("parallels", 0, "WithoutFreeSpace"),
          new Signature("parallels", 0, "WithouFreSpacExt"),
          new Signature("bochs", 0, "Bochs Virtual HD Image"),
          new Signature("vdi", 64, "\u007f\u0010\u00da\u00be"));

  private ForeignMagic() {}

  static Optional<String> of(byte[] start) {
    String latin1 = new String(start, StandardCharsets.ISO_8859_1);
    return ALL.stream().filter(s -> s.in(latin1)).map(Signature::format).findFirst();
  }
}
