package dev.tern.contract.amqp;

import dev.tern.contract.HostName;
import dev.tern.contract.Setting;
import java.net.URI;
import java.util.regex.Pattern;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Which broker, and under which names.
 *
 * @param uri of the broker
 * @param prefix of every queue and exchange
 */
@ConfigurationProperties("tern.amqp")
public record AmqpSettings(
    @Setting(
            "The RabbitMQ to use, as amqp://user:password@host:port/virtual-host (amqps for TLS); all"
                + " processes of one installation name the same one.")
        @DefaultValue("amqp://guest:guest@127.0.0.1:5672")
        URI uri,
    @Setting(
            "First part of the name of every queue and exchange, so that several installations can"
                + " share a broker; letters, digits and dashes, at most 64.")
        @DefaultValue("tern")
        String prefix) {
  private static final Pattern PREFIX = Pattern.compile("[a-zA-Z0-9-]{1,64}");

  public AmqpSettings {
    if (!PREFIX.matcher(prefix).matches()) {
      throw new IllegalArgumentException("tern.amqp.prefix has 1 to 64 letters, digits or dashes");
    }
    if (!"amqp".equals(uri.getScheme()) && !"amqps".equals(uri.getScheme())) {
      throw new IllegalArgumentException("tern.amqp.uri starts with amqp:// or amqps://");
    }
  }

  /** Work for conductors: a quorum queue. */
  public String conductorQueue() {
    return prefix + ".conductor";
  }

  /** Questions to schedulers, shared by all of them. */
  public String schedulerQueue() {
    return prefix + ".scheduler";
  }

  /** Questions to one agent. */
  public String agentQueue(HostName host) {
    return prefix + ".agent." + host;
  }

  /** Questions about one host itself, to its agent. */
  public String hostQueue(HostName host) {
    return prefix + ".host." + host;
  }

  /** Both the fan-out exchange agents report to, and the queue the conductors share. */
  public String reports() {
    return prefix + ".reports";
  }

  /** Both the fan-out exchange for progress, and the queue the conductors share. */
  public String progress() {
    return prefix + ".progress";
  }

  /**
   * Where messages end that nobody can read or finish. An API takes them from there and shows them.
   */
  public String deadQueue() {
    return prefix + ".dead";
  }

  /** Without the password, for logs. */
  @Override
  public String toString() {
    return "AmqpSettings[%s://%s:%d, prefix=%s]"
        .formatted(uri.getScheme(), uri.getHost(), uri.getPort(), prefix);
  }
}
