package io.boxlite.runtime.internal.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.InvalidStateException;
import io.boxlite.api.NetworkOptions;
import io.boxlite.api.PortMapping;
import io.boxlite.api.PublishedPort;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class NetworkChangesTest {
  private static NetworkOptions rules(List<String> allow, List<String> deny) {
    return NetworkOptions.DEFAULT.withRules(allow, deny);
  }

  @Test
  void allowedRulesAreAddedOnceAndLeaveWhatIsDenied() {
    NetworkOptions changed =
        NetworkChanges.allow(
            rules(List.of("a.test"), List.of("b.test", "c.test")),
            List.of("A.test ", "b.test"),
            false);
    assertThat(changed.allowNet()).containsExactly("a.test", "b.test");
    assertThat(changed.denyNet()).containsExactly("c.test");
  }

  @Test
  void whereEverythingIsAllowedAllowingOnlyEndsADenial() {
    NetworkOptions open = rules(List.of(), List.of("a.test"));
    NetworkOptions changed = NetworkChanges.allow(open, List.of("a.test"), false);
    assertThat(changed.allowNet()).isEmpty();
    assertThat(changed.denyNet()).isEmpty();
    assertThatThrownBy(() -> NetworkChanges.allow(open, List.of("b.test"), false))
        .isInstanceOf(InvalidStateException.class);
    assertThat(NetworkChanges.allow(open, List.of("b.test"), true).allowNet())
        .containsExactly("b.test");
  }

  @Test
  void deniedRulesAreTakenFromWhatIsAllowedAndDenied() {
    NetworkOptions changed =
        NetworkChanges.deny(
            rules(List.of("a.test", "*.b.test"), List.of()), List.of("a.test", "x.b.test"));
    assertThat(changed.allowNet()).containsExactly("*.b.test");
    assertThat(changed.denyNet()).containsExactly("a.test", "x.b.test");
  }

  @Test
  void theLastAllowedRuleStays() {
    assertThatThrownBy(
            () -> NetworkChanges.deny(rules(List.of("a.test"), List.of()), List.of("a.test")))
        .isInstanceOf(InvalidStateException.class);
  }

  @Test
  void boxesWithoutAnInterfaceAreRefused() {
    assertThatThrownBy(() -> NetworkChanges.deny(NetworkOptions.DISABLED, List.of("a.test")))
        .isInstanceOf(InvalidStateException.class);
    assertThatThrownBy(() -> NetworkChanges.allow(NetworkOptions.DISABLED, List.of("a"), true))
        .isInstanceOf(InvalidStateException.class);
  }

  @Test
  void aPortIsOfTheMappingThatAsksForIt() {
    PublishedPort port = new PublishedPort(80, "0.0.0.0", 40000, PortMapping.Protocol.TCP);
    assertThat(isOf(mapping(0, 80), port)).isTrue();
    assertThat(isOf(mapping(40000, 80), port)).isTrue();
    assertThat(isOf(mapping(40001, 80), port)).isFalse();
    assertThat(isOf(mapping(0, 81), port)).isFalse();
    PortMapping elsewhere =
        new PortMapping(Optional.of("127.0.0.1"), 40000, 80, PortMapping.Protocol.TCP);
    assertThat(isOf(elsewhere, port)).isFalse();
  }

  private static PortMapping mapping(int host, int guest) {
    return new PortMapping(Optional.empty(), host, guest, PortMapping.Protocol.TCP);
  }

  private static boolean isOf(PortMapping mapping, PublishedPort port) {
    return NetworkChanges.isOf(mapping, port, "0.0.0.0");
  }
}
