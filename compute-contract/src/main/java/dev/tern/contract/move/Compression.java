package dev.tern.contract.move;

/** How memory is made smaller on its way. */
public enum Compression {
  NONE("none"),
  /** Only what changed of a page that is sent again; for a single stream. */
  XBZRLE("xbzrle"),
  /** Of all pages; for channels. */
  ZSTD("zstd");

  private final String wire;

  Compression(String wire) {
    this.wire = wire;
  }

  /** As the API spells it. */
  public String wire() {
    return wire;
  }
}
