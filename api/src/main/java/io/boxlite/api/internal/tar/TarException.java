package io.boxlite.api.internal.tar;

import java.io.IOException;

/// The bytes are not a tar that we accept; its message says why.
public final class TarException extends IOException {
  private static final long serialVersionUID = 1L;

  TarException(String message) {
    super(message);
  }
}
