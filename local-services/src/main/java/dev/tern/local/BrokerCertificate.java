package dev.tern.local;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A key with which a broker proves to be a host, all as PEM files.
 *
 * @param authority the certificate of who issued the broker's; what clients are to trust
 * @param certificate the broker's own
 * @param key the broker's, for its user alone
 */
public record BrokerCertificate(Path authority, Path certificate, Path key) {
  private static final long MAKE_SECONDS = 30;
  private static final String PASSWORD = "changeit";

  /**
   * Makes an authority and a certificate for one host, for two days. The authority's own key is
   * gone afterwards, so it issues nothing else.
   *
   * @param folder made if it is not there; holds only these files
   * @param host a DNS name
   * @throws IOException when the JDK's keytool does not do it
   */
  public static BrokerCertificate make(Path folder, String host) throws IOException {
    Files.createDirectories(
        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Path keys = folder.resolve("keys.p12");
    try {
      keytool(keys, List.of("-alias", "authority", "-dname", "CN=authority", "-ext", "bc:c"));
      keytool(
          keys,
          List.of(
              "-alias",
              "broker",
              "-dname",
              "CN=broker",
              "-signer",
              "authority",
              "-ext",
              "san=dns:" + host));
      KeyStore store = KeyStore.getInstance("PKCS12");
      try (InputStream in = Files.newInputStream(keys)) {
        store.load(in, PASSWORD.toCharArray());
      }
      return new BrokerCertificate(
          pem(
              folder.resolve("authority.pem"),
              "CERTIFICATE",
              store.getCertificate("authority").getEncoded()),
          pem(
              folder.resolve("certificate.pem"),
              "CERTIFICATE",
              store.getCertificate("broker").getEncoded()),
          pem(
              folder.resolve("key.pem"),
              "PRIVATE KEY",
              store.getKey("broker", PASSWORD.toCharArray()).getEncoded()));
    } catch (GeneralSecurityException e) {
      throw new IOException("The certificate for " + host + " could not be made.", e);
    } finally {
      Files.deleteIfExists(keys);
    }
  }

  private static void keytool(Path keys, List<String> what) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keyalg",
                "EC",
                "-validity",
                "2",
                "-storetype",
                "PKCS12",
                "-keystore",
                keys.toString(),
                "-storepass",
                PASSWORD));
    command.addAll(what);
    Process process =
        new ProcessBuilder(command)
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (!process.waitFor(MAKE_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
        process.destroyForcibly();
        throw new IOException("keytool made no key: " + said.strip());
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while keytool made a key", e);
    }
  }

  private static Path pem(Path file, String kind, byte[] content) throws IOException {
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
    return Files.writeString(
        file, "-----BEGIN %s-----%n%s%n-----END %s-----%n".formatted(kind, lines, kind));
  }
}
