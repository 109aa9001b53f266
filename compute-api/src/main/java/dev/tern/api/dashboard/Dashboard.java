package dev.tern.api.dashboard;

import dev.tern.api.ApiSettings;
import dev.tern.api.ApiSettings.Auth;
import dev.tern.api.errors.HttpFailure;
import dev.tern.api.identity.IdentitySettings;
import dev.tern.api.keystone.KeystoneSettings;
import dev.tern.api.request.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import tools.jackson.databind.node.ObjectNode;

/**
 * The dashboard's files. They hold nothing of anybody's: what is shown is asked of the API, with
 * the token of whoever looks.
 */
@Component
public final class Dashboard {
  private static final Pattern NAME = Pattern.compile("[a-z]{1,32}\\.(?<type>js|css|svg)");
  private static final Map<String, String> TYPES =
      Map.of(
          "js", "text/javascript;charset=UTF-8",
          "css", "text/css;charset=UTF-8",
          "svg", "image/svg+xml",
          "html", "text/html;charset=UTF-8");

  private static final class File {
    final byte[] bytes;
    final String etag;

    File(byte[] bytes, String etag) {
      this.bytes = bytes;
      this.etag = etag;
    }
  }

  private final Map<String, File> files = new ConcurrentHashMap<>();
  private final Auth auth;
  private final boolean tokenOptional;
  private final Optional<String> identity;

  Dashboard(ApiSettings settings, IdentitySettings embedded, KeystoneSettings keystone) {
    this.auth = settings.auth();
    this.tokenOptional = auth == Auth.NONE || (auth == Auth.EMBEDDED && embedded.tokenOptional());
    this.identity =
        auth == Auth.KEYSTONE
            ? keystone.publicUrl().or(keystone::url).map(Dashboard::versioned)
            : Optional.empty();
  }

  private static String versioned(String url) {
    String bare = url.replaceFirst("/+$", "");
    return bare.endsWith("/v3") ? bare : bare + "/v3";
  }

  /** Whether the client asks for a page, as browsers do and programs do not. */
  public static boolean isWanted(@Nullable String accept) {
    return accept != null
        && Stream.of(accept.split(","))
            .map(type -> type.strip().toLowerCase(Locale.ROOT))
            .anyMatch(type -> type.equals("text/html") || type.startsWith("text/html;"));
  }

  /** The page itself. */
  public ResponseEntity<byte[]> page(@Nullable String known) {
    return answer("index.html", "html", known);
  }

  /**
   * A file that the page loads.
   *
   * @throws HttpFailure 404 when there is none of that name
   */
  ResponseEntity<byte[]> file(String name, @Nullable String known) {
    var form = NAME.matcher(name);
    if (!form.matches()) {
      throw HttpFailure.notFound();
    }
    return answer(name, form.group("type"), known);
  }

  /** How one logs in here. */
  ObjectNode config() {
    ObjectNode config = Json.object().put("auth", auth.name().toLowerCase(Locale.ROOT));
    config.put("token_optional", tokenOptional);
    Json.putOrNull(config, "identity", identity.orElse(null));
    return config;
  }

  private ResponseEntity<byte[]> answer(String name, String type, @Nullable String known) {
    @Nullable File file = files.computeIfAbsent(name, Dashboard::read);
    if (file == null) {
      throw HttpFailure.notFound();
    }
    HttpHeaders headers = new HttpHeaders();
    protect(headers);
    headers.set("Cache-Control", "no-cache");
    headers.set("ETag", file.etag);
    headers.set("Vary", "Accept");
    if (file.etag.equals(known)) {
      return new ResponseEntity<>(headers, HttpStatus.NOT_MODIFIED);
    }
    headers.set("Content-Type", TYPES.get(type));
    return new ResponseEntity<>(file.bytes, headers, HttpStatus.OK);
  }

  /** Nothing from elsewhere is loaded or run, and nobody else's page shows this one. */
  private void protect(HttpHeaders headers) {
    headers.set(
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
            + " connect-src 'self'%s; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
                .formatted(identity.map(url -> " " + origin(url)).orElse("")));
    headers.set("X-Frame-Options", "DENY");
    headers.set("X-Content-Type-Options", "nosniff");
    headers.set("Referrer-Policy", "no-referrer");
    headers.set("Cross-Origin-Opener-Policy", "same-origin");
    headers.set("Cross-Origin-Resource-Policy", "same-origin");
  }

  private static String origin(String url) {
    URI uri = URI.create(url);
    return uri.getScheme() + "://" + uri.getRawAuthority();
  }

  private static @Nullable File read(String name) {
    try (InputStream in = Dashboard.class.getResourceAsStream(name)) {
      if (in == null) {
        return null;
      }
      byte[] bytes = in.readAllBytes();
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
      return new File(bytes, "\"" + HexFormat.of().formatHex(digest, 0, 16) + "\"");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
