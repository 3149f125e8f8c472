package io.boxlite.image.internal.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.ConfigException;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProxiesTest {
  @ParameterizedTest
  @CsvSource({
    "https://example.com/,example.com,false",
    "https://a.example.com/,example.com,false",
    "https://example.com/,.example.com,true",
    "https://a.example.com/,*.example.com,false",
    "https://badexample.com/,example.com,true",
    "https://example.com:5000/,example.com:5000,false",
    "https://example.com/,example.com:5000,true",
    "https://10.1.2.3/,10.0.0.0/8,false",
    "https://11.1.2.3/,10.0.0.0/8,true",
    "https://[fd00::1]/,fd00::/8,false",
    "https://[fd00::1]/,fd00::1,false",
    "https://example.com/,*,false",
    "https://127.0.0.1/,other,false",
    "https://[::1]/,other,false",
    "https://localhost/,other,false",
    "http://example.com/,other,false"
  })
  void exceptionsAreKept(String uri, String noProxy, boolean proxied) {
    Proxies proxies = new Proxies(Map.of("HTTPS_PROXY", "192.0.2.1:3128", "NO_PROXY", noProxy));
    assertThat(proxies.isProxied(URI.create(uri))).isEqualTo(proxied);
  }

  @Test
  void malformedProxyIsRefusedWithoutItsPassword() {
    assertThatThrownBy(() -> new Proxies(Map.of("HTTPS_PROXY", "socks5://me:secret@host")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("HTTPS_PROXY")
        .hasMessageNotContaining("secret");
  }
}
