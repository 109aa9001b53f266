package dev.tern.virt.qmp;

/** Commands that only newer QEMUs have; who sends one has asked first whether it is there. */
public final class NewerCommands {
  private NewerCommands() {}

  /** Changes a running mirror; since QEMU 8.2. */
  public record BlockJobChange(String id, String type, String copyMode)
      implements QmpCommand<Void> {
    /** Each write of the guest waits for both sides from now on. */
    public static BlockJobChange toWriteBlocking(String job) {
      return new BlockJobChange(job, "mirror", "write-blocking");
    }
  }
}
