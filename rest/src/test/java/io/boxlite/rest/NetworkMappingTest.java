package io.boxlite.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.BoxOptions;
import io.boxlite.api.ConfigException;
import io.boxlite.api.NetworkInfo;
import io.boxlite.api.NetworkOptions;
import io.boxlite.api.PortMapping;
import io.boxlite.api.Secret;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NetworkMappingTest {
  private static final PortMapping ANY =
      new PortMapping(Optional.empty(), 0, 80, PortMapping.Protocol.TCP);

  private static NetworkOptions read(String fields) {
    byte[] json = ("{\"image\":\"base\"," + fields + "}").getBytes(StandardCharsets.UTF_8);
    return OptionMapping.toOptions(JsonCodec.readStrictly(CreateBoxBody.class, json)).network();
  }

  @Test
  void networksSurviveTheWire() {
    NetworkOptions network =
        new NetworkOptions(
            true,
            List.of("*.example.com:443", "10.0.0.0/8"),
            List.of("b.example.com"),
            List.of(
                new PortMapping(Optional.of("127.0.0.1"), 8053, 53, PortMapping.Protocol.UDP), ANY),
            5_000_000_000L,
            64,
            List.of(
                Secret.of("key", "hunter2", List.of("api.example.com")),
                new Secret("other", "v\"alue", List.of("*.x.test"), "PLACEHOLDER", true)));
    for (NetworkOptions sent : List.of(network, NetworkOptions.DEFAULT, NetworkOptions.DISABLED)) {
      BoxOptions options = BoxOptions.ofImage("base").network(sent).build();
      byte[] json = JsonCodec.write(OptionMapping.toBody(options));
      CreateBoxBody got = JsonCodec.readStrictly(CreateBoxBody.class, json);
      assertThat(OptionMapping.toOptions(got).network()).isEqualTo(sent);
    }
  }

  @Test
  void bothShapesAreUnderstood() {
    NetworkOptions rules =
        new NetworkOptions(true, List.of("x"), List.of(), List.of(), 0, 0, List.of());
    assertThat(read("\"network\":{\"mode\":\"Enabled\",\"allow_net\":[\"x\"]}")).isEqualTo(rules);
    assertThat(
            read(
                "\"network\":{\"outbound\":{\"mode\":\"enabled\",\"allow_net\":[\"x\"]},"
                    + "\"inbound\":{\"mode\":\"disabled\",\"allow_net\":[]}}"))
        .isEqualTo(rules);
    assertThat(read("\"network\":{\"outbound\":{\"mode\":\"disabled\"}}"))
        .isEqualTo(NetworkOptions.DISABLED);
    assertThat(read("\"ports\":[{\"guest_port\":80}]").ports()).containsExactly(ANY);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '`',
      value = {
        "'network':{'mode':'enabled','outbound':{'mode':'enabled'}} => network must not have both",
        "'network':{'allow_net':['x'],'outbound':{}} => network must not have both",
        "'network':{'inbound':{'allow_net':['x']}} => network.inbound.allow_net is not available",
        "'network':{'inbound':{'mode':'disabled'}},'ports':[{'guest_port':1}] => network.inbound.mode",
        "'network':{'mode':'disabled','allow_net':['x']} => allow_net cannot be used",
        "'network':{'mode':'disabled','deny_net':['x']} => deny_net cannot be used",
        "'network':{'mode':'disabled'},'ports':[{'guest_port':1}] => ports require network.mode",
        "'network':{'mode':'open'} => network.mode 'open' must be 'enabled' or 'disabled'",
        "'network':{'allow_net':[null]} => network.allow_net",
        "'network':{'bytes_per_second':-1} => bytes_per_second must not be negative",
        "'ports':[{}] => ports must each have a guest_port",
        "'ports':[null] => ports must each have a guest_port",
        "'ports':[{'guest_port':0}] => box port must be between 1 and 65535",
        "'ports':[{'guest_port':1,'host_port':65536}] => host port must be between 0 and 65535",
        "'ports':[{'guest_port':1,'host_ip':'1.2.3'}] => host_ip '1.2.3' must be an IPv4 address",
        "'ports':[{'guest_port':1,'protocol':'sctp'}] => ports protocol 'sctp' must be tcp or udp",
        "'ports':[{'guest_port':1,'host_port':9},{'guest_port':2,'host_port':9}] => given twice",
      })
  void whatCannotBeIsRefusedByName(String fields, String message) {
    assertThatThrownBy(() -> read(fields.replace('\'', '"')))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }

  @Test
  void aServerThatSaysNothingOfTheNetworkIsTakenForTheDefault() {
    assertThat(NetworkMapping.toInfo(null)).isEqualTo(NetworkInfo.of(NetworkOptions.DEFAULT));
  }
}
