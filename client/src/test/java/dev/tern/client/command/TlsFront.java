package dev.tern.client.command;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;

/** Listens with TLS on loopback, and hands what it decrypts to who listens without. */
final class TlsFront implements AutoCloseable {
  private static final String WORD = "hushhush";

  private final SSLServerSocket listening;
  private final URI behind;

  /** A server's key, and the certificate that clients are to believe. */
  record Certificate(Path store, Path pem) {}

  TlsFront(Certificate certificate, String behind) throws Exception {
    this.behind = URI.create(behind);
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(certificate.store())) {
      store.load(in, WORD.toCharArray());
    }
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, WORD.toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    this.listening =
        (SSLServerSocket)
            context
                .getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.startVirtualThread(this::accept);
  }

  /** Made by the JDK's tool, and signed by itself. */
  static Certificate certificate(Path folder, String name, String extension) throws Exception {
    Path store = folder.resolve(name + ".p12");
    Path pem = folder.resolve(name + ".pem");
    if (!Files.exists(store)) {
      keytool(
          "-genkeypair",
          "-alias",
          name,
          "-keyalg",
          "EC",
          "-dname",
          "CN=" + name,
          "-ext",
          extension,
          "-storetype",
          "PKCS12",
          "-storepass",
          WORD,
          "-keystore",
          store.toString());
      keytool(
          "-exportcert",
          "-rfc",
          "-alias",
          name,
          "-storepass",
          WORD,
          "-keystore",
          store.toString(),
          "-file",
          pem.toString());
    }
    return new Certificate(store, pem);
  }

  private static void keytool(String... words) throws IOException, InterruptedException {
    java.util.List<String> command = new java.util.ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(java.util.List.of(words));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(said);
    }
  }

  String url() {
    return "https://127.0.0.1:" + listening.getLocalPort();
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket client = listening.accept();
        Thread.startVirtualThread(() -> serve(client));
      } catch (IOException e) {
        assert listening.isClosed() : e;
      }
    }
  }

  private void serve(Socket client) {
    try (client;
        Socket server = new Socket(behind.getHost(), behind.getPort())) {
      Thread answers = Thread.startVirtualThread(() -> copy(server, client));
      copy(client, server);
      answers.join();
    } catch (IOException _) {
      // Refused by the client, as some tests want.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void copy(Socket from, Socket to) {
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      in.transferTo(out);
      to.close();
    } catch (IOException _) {
      // One of them left.
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
  }
}
