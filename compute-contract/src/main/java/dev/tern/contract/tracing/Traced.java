package dev.tern.contract.tracing;

/** A piece of work that is being traced; closed, it is over. Of the thread that began it. */
public interface Traced extends AutoCloseable {
  /** Of who makes no traces. */
  Traced NONE =
      new Traced() {
        @Override
        public Traced with(String key, Object value) {
          return this;
        }

        @Override
        public void event(String what, String detail) {}

        @Override
        public void failed(String why) {}

        @Override
        public void close() {}
      };

  /** Says something of the work. */
  Traced with(String key, Object value);

  /** Something happened meanwhile. */
  void event(String what, String detail);

  /** The work came to nothing. */
  void failed(String why);

  @Override
  void close();
}
