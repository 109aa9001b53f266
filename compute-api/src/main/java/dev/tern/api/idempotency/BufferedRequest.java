package dev.tern.api.idempotency;

import dev.tern.api.errors.HttpFailure;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;

/** A request whose body was read, to know it again, and is read once more by its handler. */
final class BufferedRequest extends HttpServletRequestWrapper {
  private final byte[] body;

  private BufferedRequest(HttpServletRequest request, byte[] body) {
    super(request);
    this.body = body;
  }

  /**
   * Reads the body.
   *
   * @throws HttpFailure 413 when it is longer than {@code most} bytes
   */
  static BufferedRequest of(HttpServletRequest request, int most) throws IOException {
    byte[] body;
    try (InputStream in = request.getInputStream()) {
      body = in.readNBytes(most + 1);
    }
    if (body.length > most) {
      throw new HttpFailure(413, "Request is too large.");
    }
    return new BufferedRequest(request, body);
  }

  byte[] body() {
    return body.clone();
  }

  @Override
  public ServletInputStream getInputStream() {
    return new Body(new ByteArrayInputStream(body));
  }

  private static final class Body extends ServletInputStream {
    private final ByteArrayInputStream in;

    Body(ByteArrayInputStream in) {
      this.in = in;
    }

    @Override
    public int read() {
      return in.read();
    }

    @Override
    public int read(byte[] into, int from, int most) {
      return in.read(into, from, most);
    }

    @Override
    public boolean isFinished() {
      return in.available() == 0;
    }

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void setReadListener(ReadListener listener) {
      throw new IllegalStateException("requests are not read asynchronously here");
    }
  }
}
