package dev.tern.virt.fake;

import dev.tern.virt.VirtException;
import java.nio.file.Path;

/**
 * How time passes for simulated QEMUs: who controls it can stop each call of a driver between any
 * two of its effects, and say when a QEMU goes on by itself.
 */
public interface FakeCourse {
  /** Nothing takes time, and QEMU does at once what it does by itself. */
  FakeCourse AT_ONCE =
      new FakeCourse() {
        @Override
        public void at(Path instance, String point) {}

        @Override
        public void waits(Path instance, String what) {}

        @Override
        public void byItself(Path instance, String what, Runnable next) {
          next.run();
        }

        @Override
        public Runnable onBehalf(String name, Runnable work) {
          return () -> Thread.ofVirtual().name(name).start(work);
        }

        @Override
        public boolean linked(Path one, Path other) {
          return true;
        }
      };

  /**
   * The caller of a driver is here, between two effects in the QEMU of that directory.
   *
   * @throws VirtException when the call is to fail here, after what it has done
   */
  void at(Path instance, String point) throws VirtException;

  /** Something takes as long as it does in QEMU; called again and again until it is over. */
  void waits(Path instance, String what) throws VirtException, InterruptedException;

  /** QEMU does this by itself, now or later, whatever becomes of who talks to it. */
  void byItself(Path instance, String what, Runnable next);

  /** What starts this work later for who calls now; it never runs when that one is dead by then. */
  Runnable onBehalf(String name, Runnable work);

  /** Whether the streams between these two are whole. */
  boolean linked(Path one, Path other);
}
