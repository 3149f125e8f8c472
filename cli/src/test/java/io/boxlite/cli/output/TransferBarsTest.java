package io.boxlite.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.TransferProgress;
import io.boxlite.api.TransferProgress.Stage;
import io.boxlite.cli.terminal.Terminal.Size;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TransferBarsTest {
  private static final long SECOND = 1_000_000_000;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private Size size = new Size(24, 100);
  private long now = 5 * SECOND;
  private final TransferBars bars =
      new TransferBars(new PrintStream(bytes, true, StandardCharsets.UTF_8), () -> size, () -> now);

  private void step(String layer, Stage stage, long done, long total) {
    bars.accept(new TransferProgress("sha256:" + layer.repeat(16), stage, done, total));
  }

  private String written() {
    String text = bytes.toString(StandardCharsets.UTF_8).replace('\u001b', '^');
    bytes.reset();
    return text;
  }

  @Test
  void everyByteOfAPull() {
    step("a", Stage.WAITING, 0, 2_000_000);
    assertThat(written())
        .isEqualTo(
            """
            aaaaaaaaaaaa  waiting^[K
            Total         [>                             ] 0B/2.00MB  0/1 layers^[K
            ^[J\
            """);
    step("b", Stage.EXISTS, 0, 2_000_000);
    assertThat(written())
        .isEqualTo(
            """
            ^[2A\raaaaaaaaaaaa  waiting^[K
            bbbbbbbbbbbb  already exists^[K
            Total         [===============>              ] 2.00MB/4.00MB  1/2 layers^[K
            ^[J\
            """);
    step("a", Stage.TRANSFERRING, 0, 2_000_000);
    written();
    now += SECOND / 20;
    step("a", Stage.TRANSFERRING, 500_000, 2_000_000);
    assertThat(written()).as("too early to draw again").isEmpty();
    now += SECOND / 20;
    step("a", Stage.TRANSFERRING, 1_000_000, 2_000_000);
    assertThat(written())
        .isEqualTo(
            """
            ^[3A\raaaaaaaaaaaa  [===============>              ] 1.00MB/2.00MB  10.0MB/s^[K
            bbbbbbbbbbbb  already exists^[K
            Total         [======================>       ] 3.00MB/4.00MB  10.0MB/s  1/2 layers^[K
            ^[J\
            """);
    step("a", Stage.DONE, 2_000_000, 2_000_000);
    assertThat(written())
        .isEqualTo(
            """
            ^[3A\raaaaaaaaaaaa  done, 2.00MB^[K
            bbbbbbbbbbbb  already exists^[K
            Total         [==============================] 4.00MB/4.00MB  20.0MB/s  2/2 layers^[K
            ^[J\
            """);
    bars.close();
    assertThat(written()).isEmpty();
  }

  @Test
  void linesAreCutToTheWidth() {
    size = new Size(24, 20);
    step("a", Stage.WAITING, 0, 10);
    assertThat(written()).isEqualTo("aaaaaaaaaaaa  waitin^[K\nTotal         [>    ^[K\n^[J");
  }

  @Test
  void onASmallScreenWhatGoesOnIsShown() {
    size = new Size(4, 100);
    step("a", Stage.DONE, 5, 5);
    step("b", Stage.WAITING, 0, 5);
    step("c", Stage.TRANSFERRING, 1, 5);
    step("d", Stage.RETRYING, 0, 5);
    assertThat(written())
        .endsWith(
            """
            ^[3A\rcccccccccccc  [======>                       ] 1B/5B^[K
            dddddddddddd  connection lost, trying again^[K
            Total         [=========>                    ] 6B/20B  1/4 layers, 2 not shown^[K
            ^[J\
            """);
    size = new Size(1, 100);
    step("d", Stage.FINISHING, 5, 5);
    assertThat(written()).startsWith("^[3A\rTotal").contains("4 not shown^[K\n^[J");
  }

  @Test
  void theLastStateIsDrawnAtTheEnd() {
    step("a", Stage.TRANSFERRING, 0, 10);
    step("a", Stage.TRANSFERRING, 10, 10);
    written();
    bars.close();
    assertThat(written()).contains("10B/10B");
  }

  @Test
  void whatWasThereBeforeIsNoPartOfTheRate() {
    step("a", Stage.TRANSFERRING, 8_000_000, 10_000_000);
    now += SECOND;
    step("b", Stage.EXISTS, 0, 50_000_000);
    step("a", Stage.TRANSFERRING, 9_000_000, 10_000_000);
    bars.close();
    assertThat(written()).endsWith("59.0MB/60.0MB  1.00MB/s  1/2 layers^[K\n^[J");
  }

  @Test
  void numbersThatCannotBeDoNoHarm() {
    step("a", Stage.TRANSFERRING, Long.MAX_VALUE, 5);
    step("b", Stage.TRANSFERRING, 5, 0);
    step("b", Stage.SHARED, -1, -1);
    assertThat(written()).contains("5B/5B", "0/2 layers");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0B",
    "999, 999B",
    "1000, 1.00kB",
    "12345, 12.3kB",
    "999999, 999kB",
    "1234567890, 1.23GB",
    "9223372036854775807, 9.22EB"
  })
  void sizesHaveThreeDigits(long bytes, String text) {
    assertThat(ByteSize.of(bytes)).isEqualTo(text);
  }
}
