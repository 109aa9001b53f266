package dev.tern.contract.amqp;

import dev.tern.contract.HostName;
import dev.tern.contract.Setting;
import dev.tern.contract.host.ControlLink;
import dev.tern.contract.host.ControlLink.Protection;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Which broker, and under which names. No message of a refusal holds the address itself: a password
 * may be in it, wherever it was mistyped.
 *
 * @param uri of the broker. Text, as Spring would encode a second time what is encoded in a URI
 * @param prefix of every queue and exchange
 * @param authority who may vouch for the broker; null for who this JVM trusts
 * @param insecure whether the broker may be another machine's and reached without TLS
 */
@ConfigurationProperties("tern.amqp")
public record AmqpSettings(
    @Setting(
            "The RabbitMQ to use, as amqp://user:password@host:port/virtual-host (amqps for TLS, by a"
                + " certificate that names the host and is by an authority that is trusted); what is"
                + " special in user, password and virtual host is written %XX. All processes of one"
                + " installation name the same one.")
        @DefaultValue("amqp://guest:guest@127.0.0.1:5672")
        String uri,
    @Setting(
            "First part of the name of every queue and exchange, so that several installations can"
                + " share a broker; letters, digits and dashes, at most 64.")
        @DefaultValue("tern")
        String prefix,
    @Setting(
            "PEM file with the certificates of the authorities of which one must have issued that of"
                + " an amqps broker; none is those that the JVM trusts. Read at the start.")
        @Nullable Path authority,
    @Setting(
            "true lets the broker be reached in plaintext (amqp) on another machine than this: messages"
                + " and the broker's password then go over the network as they are.")
        @DefaultValue("false")
        boolean insecure) {
  private static final Pattern PREFIX = Pattern.compile("[a-zA-Z0-9-]{1,64}");
  private static final int AMQP_PORT = 5672;
  private static final int AMQPS_PORT = 5671;

  public AmqpSettings {
    if (!PREFIX.matcher(prefix).matches()) {
      throw new IllegalArgumentException("tern.amqp.prefix has 1 to 64 letters, digits or dashes");
    }
    URI broker = parse(uri);
    if (!"amqp".equals(broker.getScheme()) && !"amqps".equals(broker.getScheme())) {
      throw new IllegalArgumentException("tern.amqp.uri starts with amqp:// or amqps://");
    }
    if (broker.getHost() == null) {
      // The client would take it for localhost.
      throw new IllegalArgumentException(
          "tern.amqp.uri names no host that can be read: it is amqp://user:password@host:port/virtual-host,"
              + " the host an address or a name of letters, digits, dots and dashes (no underscore), the"
              + " port a number");
    }
    if (!insecure && link(broker).protection() == Protection.INSECURE) {
      throw new IllegalArgumentException(
          "tern.amqp.uri reaches %s in plaintext: use amqps://, or set tern.amqp.insecure=true if the network between is trusted"
              .formatted(broker.getHost()));
    }
    if (authority != null && !"amqps".equals(broker.getScheme())) {
      throw new IllegalArgumentException(
          "tern.amqp.authority is for a broker reached by amqps://, which tern.amqp.uri is not");
    }
  }

  private static URI parse(String uri) {
    try {
      return new URI(uri);
    } catch (URISyntaxException e) {
      // Without the cause, whose message is the whole address.
      throw new IllegalArgumentException(
          "tern.amqp.uri is no address (%s at character %d): what is special in user, password and virtual host is written %%XX"
              .formatted(e.getReason(), e.getIndex() + 1));
    }
  }

  /** Where the broker is; its user information holds the password. */
  URI broker() {
    return parse(uri);
  }

  /** How the broker is reached, for people. */
  public ControlLink link() {
    return link(broker());
  }

  private static ControlLink link(URI broker) {
    boolean tls = "amqps".equals(broker.getScheme());
    int usual = tls ? AMQPS_PORT : AMQP_PORT;
    String address =
        "%s://%s:%d"
            .formatted(
                broker.getScheme(),
                broker.getHost(),
                broker.getPort() == -1 ? usual : broker.getPort());
    Protection plain = isHere(broker.getHost()) ? Protection.LOOPBACK : Protection.INSECURE;
    return new ControlLink(tls ? Protection.TLS : plain, address);
  }

  /** Names are not looked up: what they lead to may be another machine tomorrow. */
  private static boolean isHere(String host) {
    if (host.equals("localhost")) {
      return true;
    }
    try {
      return InetAddress.ofLiteral(host).isLoopbackAddress();
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  boolean encrypted() {
    return link().protection() == Protection.TLS;
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
    return "AmqpSettings[%s, prefix=%s]".formatted(link().broker(), prefix);
  }
}
