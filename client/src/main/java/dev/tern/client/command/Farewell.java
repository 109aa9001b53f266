package dev.tern.client.command;

/** What is said when Ctrl-C, or whatever else ends this process, ends a wait. */
@FunctionalInterface
interface Farewell {
  /** Holds until it is closed. */
  Held hold(String words);

  /** Nothing is said any more once it is closed. */
  interface Held extends AutoCloseable {
    @Override
    void close();
  }

  /** By a hook of the JVM's, which then ends with 128 and the signal's number. */
  static Farewell of(Screen screen) {
    return words -> {
      Thread hook = new Thread(() -> screen.note(words), "farewell");
      Runtime.getRuntime().addShutdownHook(hook);
      return () -> {
        try {
          Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
          // It is being said just now.
        }
      };
    };
  }
}
