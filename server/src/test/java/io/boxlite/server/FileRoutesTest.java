package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.CopyOptions;
import io.boxlite.api.NotFoundException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@OnEachTransport
@Timeout(30)
class FileRoutesTest extends ServedTest {
  private Box box() {
    return client.create(BoxOptions.ofImage("base").build());
  }

  @Test
  void tarsOfAnySizeAreRelayedBothWays() {
    byte[] tar = new byte[5_000_000];
    tar[4_999_999] = 1;
    fake.skipped = List.of("'/a,b' was skipped: ä");
    CopyOptions options = new CopyOptions(true, false, false, true);
    Box box = box();
    assertThat(box.copyIn(new ByteArrayInputStream(tar), "/a b", options))
        .containsExactly("'/a,b' was skipped: ä");
    assertThat(fake.copied.path()).isEqualTo("/a b");
    assertThat(fake.copied.options()).isEqualTo(options);
    ByteArrayOutputStream back = new ByteArrayOutputStream();
    box.copyOut("/x", new CopyOptions(false, true, true, false), in -> in.transferTo(back));
    assertThat(back.toByteArray()).isEqualTo(tar);
    assertThat(fake.copied.options()).isEqualTo(new CopyOptions(false, true, true, false));
  }

  @Test
  void whatIsMissingIsSaidByTheStatus() throws Exception {
    Box box = box();
    assertThatThrownBy(() -> box.copyOut("/nothing", CopyOptions.DEFAULT, in -> {}))
        .isInstanceOf(NotFoundException.class);
    assertThat(request("GET", "/v1/boxes/" + box.id() + "/files", "")).startsWith("HTTP/1.1 400 ");
  }
}
