package dev.tern.contract.host;

/**
 * How a process of Tern reaches the broker.
 *
 * @param broker scheme, host and port, never user or password
 */
public record ControlLink(Protection protection, String broker) {
  /** What keeps others from listening and from speaking in the broker's place. */
  public enum Protection {
    /** TLS, and the broker has proven to be the host that was named. */
    TLS,
    /** Plaintext that does not leave this machine. */
    LOOPBACK,
    /** Nothing: plaintext to another machine, as {@code tern.amqp.insecure=true} allows. */
    INSECURE
  }
}
